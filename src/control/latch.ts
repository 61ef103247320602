/**
 * One waiter and a flag: "something changed, look again". Raised any number of times before the look, it wakes once, so
 * nothing queues up behind a slow reader.
 */
export class Latch {
  #raised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  /** Resolves when raised since the last wait; lowers the flag. At most one caller waits at a time. */
  async wait(): Promise<void> {
    if (!this.#raised) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#raised = false;
  }
}
