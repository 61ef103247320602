/**
 * Runs callbacks when the process exits, through one listener for any number of calls: an event emitter warns of a leak beyond ten
 * listeners, and one process may run many engines with many threads. The listener is removed with the last call.
 */
import type { EventEmitter } from "node:events";

export class ExitHook {
  readonly #process: Pick<EventEmitter, "on" | "off">;
  readonly #calls = new Set<() => void>();

  constructor(target: Pick<EventEmitter, "on" | "off"> = process) {
    this.#process = target;
  }

  /** Adds a call, which must not throw or wait. Returns what removes it. */
  add(call: () => void): () => void {
    if (this.#calls.size === 0) this.#process.on("exit", this.#onExit);
    this.#calls.add(call);
    return () => {
      this.#calls.delete(call);
      if (this.#calls.size === 0) this.#process.off("exit", this.#onExit);
    };
  }

  readonly #onExit = () => {
    for (const call of this.#calls) call();
  };
}
