/**
 * The rules of leader election by Lease (coordination.k8s.io/v1), as client-go's leaderelection has them. Pure: times of other
 * machines are never compared with ours; a lease is judged by how long we have seen it unchanged.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";

export interface Lease extends KubernetesObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Empty or absent: released. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  /** RFC 3339 with microseconds. */
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** Our observation of a lease. */
export interface Observed {
  readonly resourceVersion: string | undefined;
  /** When we first saw this resourceVersion, on our own monotonic clock. */
  readonly sinceMs: number;
}

/** The observation after a read at `nowMs`. */
export function observe(before: Observed | undefined, lease: Lease, nowMs: number): Observed {
  const { resourceVersion } = lease.metadata;
  return before !== undefined && before.resourceVersion === resourceVersion
    ? before
    : { resourceVersion, sinceMs: nowMs };
}

/**
 * Longest duration of a held Lease that is observed: four times that of this program. Who may edit the Lease could set one of years by
 * mistake, and no replica would lead after the holder has ended.
 */
const MAX_DURATION_MS = 60_000;

/** leaseTransitions is an int32. A larger value is rejected, and no replica could take the Lease again. */
const MAX_TRANSITIONS = 2 ** 31 - 1;

/**
 * Reports whether `identity` may take the Lease: it holds it, no replica does, or its holder has not renewed it for its duration.
 * `ownDurationMs` is the least duration that is observed: a holder stops leading by its own clock, whatever the duration in the
 * object. With a shorter or missing one two replicas would lead until then.
 */
export function mayTake(
  lease: Lease,
  identity: string,
  observed: Observed,
  nowMs: number,
  ownDurationMs: number,
): boolean {
  const { holderIdentity = "", leaseDurationSeconds = 0 } = lease.spec ?? {};
  const durationMs = Math.max(Math.min(leaseDurationSeconds * 1000, MAX_DURATION_MS), ownDurationMs);
  return holderIdentity === "" || holderIdentity === identity || nowMs - observed.sinceMs >= durationMs;
}

/** The lease as `identity` takes or renews it. */
export function taken(before: LeaseSpec | undefined, identity: string, durationMs: number, now: Date): LeaseSpec {
  const renewTime = microTime(now);
  const leaseDurationSeconds = durationMs / 1000;
  if (before?.holderIdentity === identity) return { ...before, leaseDurationSeconds, renewTime };
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds,
    acquireTime: renewTime,
    renewTime,
    leaseTransitions: before === undefined ? 0 : Math.min((before.leaseTransitions ?? 0) + 1, MAX_TRANSITIONS),
  };
}

/** The lease as its holder gives it up: the next may take it at once. One second is the least the API allows. */
export function released(before: LeaseSpec, now: Date): LeaseSpec {
  return { ...before, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(now) };
}

/** metav1.MicroTime. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
