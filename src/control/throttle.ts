/**
 * Passes the newest value at most once in an interval: the first at once, of those that follow within the interval only the
 * last one, when the interval ends. Its timer does not keep the process alive.
 */
export class Throttle<T> {
  readonly #intervalMs: number;
  readonly #pass: (value: T) => void;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { readonly value: T } | undefined;
  #isStopped = false;

  constructor(intervalMs: number, pass: (value: T) => void) {
    this.#intervalMs = intervalMs;
    this.#pass = pass;
  }

  offer(value: T): void {
    if (this.#isStopped) return;
    if (this.#timer === undefined) this.#passNow(value);
    else this.#waiting = { value };
  }

  /** Drops the value that waits, because a newer one went another way. */
  discard(): void {
    this.#waiting = undefined;
  }

  /** Passes nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting = undefined;
    clearTimeout(this.#timer);
  }

  #passNow(value: T): void {
    this.#timer = setTimeout(() => this.#onIntervalEnd(), this.#intervalMs).unref();
    this.#pass(value);
  }

  #onIntervalEnd(): void {
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#passNow(waiting.value);
  }
}
