/**
 * How many events may happen in a second, with a burst. Pure: the time is given, and nothing has to tick.
 */
export interface BucketSize {
  /** Tokens that come in a second; at least 1. */
  readonly perSecond: number;
  /** Tokens that are kept at most, and are there at first; at least 1. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #size: BucketSize;
  #tokens: number;
  #atMs: number;

  constructor(size: BucketSize, nowMs: number) {
    this.#size = size;
    this.#tokens = size.burst;
    this.#atMs = nowMs;
  }

  /** Takes one token if there is one. */
  take(nowMs: number): boolean {
    const { perSecond, burst } = this.#size;
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, nowMs - this.#atMs) * perSecond) / 1_000);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
