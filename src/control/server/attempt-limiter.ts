/**
 * Limits how often one peer may ask to be authenticated: each attempt costs the API server a TokenReview. A token bucket a peer;
 * the number of peers is bounded, and the one that was seen longest ago is evicted. Pure: time is passed in.
 */

export interface AttemptLimits {
  /** Attempts at once after a pause. */
  readonly burst: number;
  /** Attempts a second that follow. */
  readonly perSecond: number;
}

/**
 * A proxy tries at most once a second on average, and thirty of them may share the address of a node that masquerades. Thirty
 * more arrive a few seconds later by their own backoff.
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
  /** In the order in which peers were last seen. */
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
