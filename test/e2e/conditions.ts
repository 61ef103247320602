/** Reading conditions as a user does: the reason and the sentence. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** `Reason: message` of a condition, if its status is that. */
export function sentence(
  conditions: readonly Condition[] | undefined,
  type: string,
  status: string,
): string | undefined {
  const found = (conditions ?? []).find((condition) => condition.type === type && condition.status === status);
  return found && `${found.reason}: ${found.message}`;
}
