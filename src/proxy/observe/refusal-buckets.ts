/**
 * Which refused connections may have a line in the access log: of each reason so many in a second, after a burst. Pure; each thread of
 * an engine has its own, because what is left out should not even be told to another.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { type BucketSize, TokenBucket } from "../admit/token-bucket.ts";
import type { EndedConnection } from "./tally.ts";

export class RefusalBuckets {
  readonly #size: BucketSize | undefined;
  readonly #buckets = new Map<ConnectionReason, TokenBucket>();

  /** Undefined: all may. */
  constructor(size: BucketSize | undefined) {
    this.#size = size;
  }

  /** A connection that had a backend may always. */
  take({ connectMs, reason }: Pick<EndedConnection, "connectMs" | "reason">, nowMs: number): boolean {
    if (connectMs !== undefined || this.#size === undefined) return true;
    let bucket = this.#buckets.get(reason);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#size, nowMs);
      this.#buckets.set(reason, bucket);
    }
    return bucket.take(nowMs);
  }
}
