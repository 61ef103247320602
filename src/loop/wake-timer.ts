/**
 * Calls back once at the earliest of several times. All schedules share one timer, so that a loop which schedules the same time in
 * each iteration leaves no timers behind.
 */
import type { Clock } from "./clock.ts";

export class WakeTimer {
  readonly #clock: Pick<Clock, "nowMs" | "sleep">;
  readonly #onDue: () => void;
  #next: { readonly atMs: number; readonly controller: AbortController } | undefined;

  constructor(clock: Pick<Clock, "nowMs" | "sleep">, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Calls back in `inMs` milliseconds. An earlier scheduled call replaces this one. */
  schedule(inMs: number): void {
    const atMs = this.#clock.nowMs() + inMs;
    if (this.#next !== undefined && this.#next.atMs <= atMs) return;
    this.cancel();
    const controller = new AbortController();
    this.#next = { atMs, controller };
    void this.#clock.sleep(inMs, controller.signal).then(() => {
      if (controller.signal.aborted) return;
      this.#next = undefined;
      this.#onDue();
    });
  }

  cancel(): void {
    this.#next?.controller.abort();
    this.#next = undefined;
  }
}
