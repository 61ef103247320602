/**
 * Decides which Gateways may roll out a changed Pod template now, so that at most `limit` roll at a time. Only rollouts that can
 * still succeed count: a Gateway that is broken or stuck cannot block the others. Pure.
 */

/** What the Deployment of a Gateway does. */
export type RolloutState =
  /** There is no Deployment yet. */
  | "absent"
  /** The last rollout is complete. */
  | "complete"
  /** A rollout is in progress, or was allowed and is not visible yet. */
  | "rolling"
  /** No proxy is available: a rollout can take nothing away, and may be the fix. */
  | "unavailable"
  /** A rollout is in progress and past its deadline. */
  | "stalled";

export interface ObservedRollout {
  /** `namespace/name`. */
  readonly gateway: string;
  readonly state: RolloutState;
  /** Reports whether the desired Pod template is another than the applied one. */
  readonly isOutdated: boolean;
  /** Reports whether the API server rejected the Deployment when it was last applied. */
  readonly isRejected: boolean;
}

export interface RolloutDecision {
  /** Outdated Gateways that roll now. */
  readonly allowed: ReadonlySet<string>;
  /** Outdated Gateways that keep their present template for now, in the order in which they roll. */
  readonly waiting: readonly string[];
  /** Gateways whose rollouts count towards the limit: those in progress, then those that start now. */
  readonly counted: readonly string[];
}

/**
 * `rollouts` are in the order in which they became outdated. A rejected Gateway tries again only in a place that no other needs:
 * its Deployment does not change, so it would keep the place for ever.
 */
export function decideRollouts(rollouts: readonly ObservedRollout[], limit: number): RolloutDecision {
  const counted = rollouts.filter(({ state }) => state === "rolling");
  const outdated = rollouts.filter(({ isOutdated }) => isOutdated);
  const candidates = outdated
    .filter(({ state }) => state === "complete")
    .toSorted((one, other) => Number(one.isRejected) - Number(other.isRejected));
  const freeCount = Math.max(0, limit - counted.length);
  const started = candidates.slice(0, freeCount);
  // A Gateway that is created, rolls already or serves nothing takes no place of another.
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
