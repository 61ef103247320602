/** A clock that only tests move. Both of its clocks run together, from the start of 2026. */
import type { Clock } from "./clock.ts";

interface Sleeper {
  readonly untilMs: number;
  readonly wake: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #sleepers: readonly Sleeper[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallTime(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#nowMs);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { untilMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers = [...this.#sleepers, sleeper];
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      });
    });
  }

  /** How long the sleepers still have to sleep, in ms, shortest first. */
  get remainingMs(): readonly number[] {
    return this.#sleepers.map((sleeper) => sleeper.untilMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** Moves time, wakes who is due in order, and lets what follows from it happen. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#due(untilMs); next !== undefined; next = this.#due(untilMs)) {
      const sleeper = next;
      this.#nowMs = Math.max(this.#nowMs, sleeper.untilMs);
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      sleeper.wake();
      await settle();
    }
    this.#nowMs = untilMs;
    await settle();
  }

  #due(untilMs: number): Sleeper | undefined {
    const [first] = [...this.#sleepers].sort((a, b) => a.untilMs - b.untilMs);
    return first !== undefined && first.untilMs <= untilMs ? first : undefined;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
