/**
 * Decides which Gateways may roll out a changed Pod template now, so that at most `limit` roll out at a time. Only rollouts that can
 * still succeed count: a broken or stalled Gateway cannot block the others. Pure.
 */

/** State of a Gateway's Deployment. */
export type RolloutState =
  /** There is no Deployment yet. */
  | "absent"
  /** The last rollout is complete. */
  | "complete"
  /** A rollout is in progress, or was allowed and is not visible yet. */
  | "rolling"
  /** No proxy is available: a rollout cannot remove a serving proxy, and may be the fix. */
  | "unavailable"
  /** A rollout is in progress and past its deadline. */
  | "stalled";

export interface ObservedRollout {
  /** `namespace/name`. */
  readonly gateway: string;
  readonly state: RolloutState;
  /** Reports whether the desired Pod template differs from the applied one. */
  readonly isOutdated: boolean;
  /** Reports whether the API server rejected the Deployment when it was last applied. */
  readonly isRejected: boolean;
}

export interface RolloutDecision {
  /** Outdated Gateways that roll out now. */
  readonly allowed: ReadonlySet<string>;
  /** Outdated Gateways that keep their present template for now, in the order of their rollouts. */
  readonly waiting: readonly string[];
  /** Gateways whose rollouts count towards the limit: those in progress, then those that start now. */
  readonly counted: readonly string[];
}

/**
 * `rollouts` are ordered by the time at which they became outdated. A rejected Gateway retries only if no other Gateway needs its
 * slot: its Deployment does not change, so that it would occupy the slot indefinitely.
 */
export function decideRollouts(rollouts: readonly ObservedRollout[], limit: number): RolloutDecision {
  const counted = rollouts.filter(({ state }) => state === "rolling");
  const outdated = rollouts.filter(({ isOutdated }) => isOutdated);
  const candidates = outdated
    .filter(({ state }) => state === "complete")
    .toSorted((one, other) => Number(one.isRejected) - Number(other.isRejected));
  const freeCount = Math.max(0, limit - counted.length);
  const started = candidates.slice(0, freeCount);
  // A Gateway that is new, already rolls out or serves nothing does not occupy a slot.
  const unlimited = outdated.filter(({ state }) => state !== "complete");
  return {
    allowed: new Set(namesOf([...unlimited, ...started])),
    waiting: namesOf(candidates.slice(freeCount)),
    counted: namesOf([...counted, ...started]),
  };
}

function namesOf(rollouts: readonly ObservedRollout[]): readonly string[] {
  return rollouts.map(({ gateway }) => gateway);
}
