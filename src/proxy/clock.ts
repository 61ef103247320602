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
