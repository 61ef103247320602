/**
 * Limits the authentication attempts of each peer, because each attempt costs the API server a TokenReview. Each peer has a token
 * bucket. The number of buckets is limited; the least recently seen peer is evicted. Pure: the caller passes the time.
 */

export interface AttemptLimits {
  /** Number of attempts at once after a pause. */
  readonly burst: number;
  /** Number of attempts per second after the burst. */
  readonly perSecond: number;
}

/**
 * A proxy tries at most once a second on average. Thirty proxies may share the address of a node that masquerades. The backoff of
 * thirty more makes them arrive a few seconds later.
 */
export const DEFAULT_ATTEMPT_LIMITS: AttemptLimits = { burst: 30, perSecond: 5 };

/** 10,000 buckets are about 1 MiB. */
const MAX_PEERS = 10_000;

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export class AttemptLimiter {
  readonly #limits: AttemptLimits;
  /** Ordered by the time at which peers were last seen. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: AttemptLimits) {
    this.#limits = limits;
  }

  /** Reports whether `peer` may make an attempt at `nowMs`, and counts it if so. */
  tryAttempt(peer: string, nowMs: number): boolean {
    const { burst, perSecond } = this.#limits;
    const before = this.#buckets.get(peer) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, before.tokens + ((nowMs - before.atMs) / 1_000) * perSecond);
    const isAllowed = tokens >= 1;
    this.#buckets.delete(peer);
    this.#buckets.set(peer, { tokens: isAllowed ? tokens - 1 : tokens, atMs: nowMs });
    if (this.#buckets.size > MAX_PEERS) this.#evictOldest();
    return isAllowed;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #evictOldest(): void {
    for (const peer of this.#buckets.keys()) {
      this.#buckets.delete(peer);
      return;
    }
  }
}
