/**
 * For how long one proxy has been behind what is published. Counts from the first publication that it has not answered, however
 * many follow: a proxy that never answers is the later the longer it is silent. Bookkeeping only; the time is given.
 */
export class Lag {
  /** The first publication since the last delta was sent. */
  #waitingSinceMs: number | undefined;
  /** The first publication that the delta on its way holds. */
  #inFlightSinceMs: number | undefined;

  published(nowMs: number): void {
    this.#waitingSinceMs ??= nowMs;
  }

  /** Everything published so far is on its way. */
  sent(): void {
    this.#inFlightSinceMs = this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
  }

  /** The delta on its way was answered. Returns how long that took, in ms. */
  answered(nowMs: number): number {
    const sinceMs = this.#inFlightSinceMs ?? nowMs;
    this.#inFlightSinceMs = undefined;
    return nowMs - sinceMs;
  }

  /** What was published last is what the proxy has, or has refused. */
  settled(): void {
    this.#waitingSinceMs = undefined;
  }

  /** 0 when nothing is awaited. */
  ageMs(nowMs: number): number {
    return nowMs - (this.#inFlightSinceMs ?? this.#waitingSinceMs ?? nowMs);
  }
}
