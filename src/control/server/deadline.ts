/** One timer that is started, restarted and cleared; it never keeps the process alive. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;

  start(afterMs: number, onPassed: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onPassed, afterMs).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
