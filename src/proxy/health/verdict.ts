/**
 * What a row of checks says of an endpoint. Pure.
 */
import type { HealthCheck } from "../../model/traffic.ts";

export interface Verdict {
  readonly isHealthy: boolean;
  /** Checks in a row that say otherwise. */
  readonly against: number;
}

/** An endpoint is used until it is known to be unfit: a new Pod must not wait for its first check. */
export const PRESUMED_HEALTHY: Verdict = { isHealthy: true, against: 0 };

export function nextVerdict(
  { isHealthy, against }: Verdict,
  hasPassed: boolean,
  { healthyAfter, unhealthyAfter }: Pick<HealthCheck, "healthyAfter" | "unhealthyAfter">,
): Verdict {
  if (hasPassed === isHealthy) return { isHealthy, against: 0 };
  const needed = isHealthy ? unhealthyAfter : healthyAfter;
  return against + 1 >= needed ? { isHealthy: hasPassed, against: 0 } : { isHealthy, against: against + 1 };
}
