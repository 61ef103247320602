/**
 * A clock that stands still until the test moves it.
 */
import type { Clock } from "../../src/proxy/clock.ts";

interface Timer {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly call: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, call: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + delayMs, everyMs: undefined, call });
  }

  every(intervalMs: number, call: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + intervalMs, everyMs: intervalMs, call });
  }

  /** Milliseconds until each pending timer, soonest first. */
  pending(): number[] {
    return [...this.#timers].map(({ atMs }) => atMs - this.#nowMs).sort((one, other) => one - other);
  }

  /** Moves on, calling what falls due on the way, and lets promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    for (let next = this.#soonest(endMs); next !== undefined; next = this.#soonest(endMs)) {
      this.#nowMs = next.atMs;
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.atMs += next.everyMs;
      next.call();
      await settled();
    }
    this.#nowMs = endMs;
    await settled();
  }

  #soonest(endMs: number): Timer | undefined {
    return [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((one, other) => one.atMs - other.atMs)[0];
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

/** Lets every promise that can settle without I/O do so. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
