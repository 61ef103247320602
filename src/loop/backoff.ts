/**
 * How long to wait before the next try: exponential with full jitter, so that replicas that fail together do not return
 * together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). Pure; randomness is passed in.
 */
export interface BackoffLimits {
  /** Upper bound of the first wait, in ms. */
  readonly firstMs: number;
  /** Upper bound of all waits, in ms. */
  readonly maxMs: number;
}

/** Of a wait's upper bound, this share is never undercut: a wait of nearly nothing would be no back-off. */
const FLOOR = 0.1;

/** Doublings after which every sensible `maxMs` is reached; keeps the power finite. */
const MAX_DOUBLINGS = 30;

/** The wait before try `failures` + 1, in ms. `failures` counts from 1; `random` is from [0, 1). */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, MAX_DOUBLINGS);
  const bound = Math.min(limits.maxMs, limits.firstMs * 2 ** doublings);
  return bound * (FLOOR + (1 - FLOOR) * random());
}
