/**
 * Time as the proxy sees it: a monotonic reading and timers, injected so that tests own them.
 */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Calls once after at least this many milliseconds. Returns what cancels it. */
  after(delayMs: number, call: () => void): () => void;
  /** Calls again and again, this many milliseconds apart. Returns what stops it. */
  every(intervalMs: number, call: () => void): () => void;
}

/** Resolves when the work is done, or after this many milliseconds all the same. Rejects as the work does. */
export async function atMost(clock: Pick<Clock, "after">, limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(limitMs, resolve);
  await Promise.race([work, promise]);
  cancel();
}

/** The machine's clock. Its timers do not keep the process alive: sockets do. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs).unref();
    return () => clearTimeout(timer);
  },
  every: (intervalMs, call) => {
    const timer = setInterval(call, intervalMs).unref();
    return () => clearInterval(timer);
  },
};
