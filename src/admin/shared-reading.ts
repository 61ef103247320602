/**
 * Shares one reading among callers: calls within `maxAgeMs` of its start get the same result, so that many readers cost as much as
 * one. A failed reading is shared with the callers that wait for it, and not with later ones.
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
