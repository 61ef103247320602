/**
 * When to try again. Pure.
 *
 * Exponential with full jitter: when an operator restarts, its proxies must not return all at once (M. Brooker,
 * "Exponential Backoff And Jitter", 2015). "Not the leader" is no failure: another replica leads, and the next connection
 * through the Service may reach it.
 */
export interface Backoff {
  /** Upper bound of the first delay. */
  readonly baseMs: number;
  /** Upper bound of every delay. */
  readonly maxMs: number;
  readonly notLeaderMinMs: number;
  readonly notLeaderMaxMs: number;
}

export const BACKOFF: Backoff = { baseMs: 200, maxMs: 10_000, notLeaderMinMs: 250, notLeaderMaxMs: 500 };

/** @param random in [0, 1) */
export function notLeaderDelayMs({ notLeaderMinMs, notLeaderMaxMs }: Backoff, random: number): number {
  return notLeaderMinMs + random * (notLeaderMaxMs - notLeaderMinMs);
}

/** @param failures how many have come in a row, from 1 @param random in [0, 1) */
export function failureDelayMs({ baseMs, maxMs }: Backoff, failures: number, random: number): number {
  return random * Math.min(maxMs, baseMs * 2 ** (failures - 1));
}
