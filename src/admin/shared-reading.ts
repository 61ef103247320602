/**
 * Shares one reading among callers: those that come within `maxAgeMs` of its start get the same result. A crowd of readers then
 * costs as much as one. A reading that failed is shared with those that wait for it, and with no later caller.
 */
export function shareReading<T>(
  read: () => Promise<T>,
  maxAgeMs: number,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let last: { readonly atMs: number; readonly result: Promise<T> } | undefined;
  return () => {
    const atMs = now();
    if (last !== undefined && atMs - last.atMs < maxAgeMs) return last.result;
    const reading = { atMs, result: read() };
    last = reading;
    reading.result.catch(() => {
      if (last === reading) last = undefined;
    });
    return reading.result;
  };
}
