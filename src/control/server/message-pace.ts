/**
 * Limits how fast messages are read that a proxy sends of its own accord: a token bucket that returns how long to wait before the
 * next read. What is not read fills the HTTP/2 window, so a proxy that sends more is slowed down and nothing is queued. Pure.
 */
export interface PaceLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** A proxy sends about 5 reports a second. */
export const DEFAULT_PACE: PaceLimits = { burst: 50, perSecond: 25 };

export class MessagePace {
  readonly #limits: PaceLimits;
  #tokens: number;
  #atMs: number;

  constructor(limits: PaceLimits, nowMs: number) {
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#atMs = nowMs;
  }

  /** Counts one message. Returns how long not to read, in ms. */
  count(nowMs: number): number {
    const { burst, perSecond } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1_000) - 1;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1_000) / perSecond;
  }
}
