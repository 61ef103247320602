/**
 * Long work in short slices, between which the thread serves its connections. What the work is, and whether it may be left half done, is
 * its owner's business.
 */

/**
 * How long a slice may be: what a connection waits for it at most, besides the last step. Far below the 10 ms that a person or a
 * peer could notice, far above what a turn of the loop costs.
 */
export const SLICE_MS = 2;
/** Looking at the clock costs about as much as a short step. */
const STEPS_BETWEEN_LOOKS = 16;

/** Resolves with what the work comes to; at once, within this turn, if that takes one slice only. */
export async function inSlices<T>(steps: Iterator<void, T>, now: () => number): Promise<T> {
  for (;;) {
    const done = slice(steps, now, SLICE_MS);
    if (done !== undefined) return done.value;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Goes on with the work for so long. Undefined: there is more to do. */
export function slice<T>(
  steps: Iterator<void, T>,
  now: () => number,
  sliceMs: number,
): { readonly value: T } | undefined {
  const untilMs = now() + sliceMs;
  do {
    for (let count = 0; count < STEPS_BETWEEN_LOOKS; count++) {
      const step = steps.next();
      if (step.done === true) return { value: step.value };
    }
  } while (now() < untilMs);
  return undefined;
}
