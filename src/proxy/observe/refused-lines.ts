/**
 * How many lines of refused connections the access log takes: so many of each reason in a second, so that an attack fills no disk
 * and costs no more than it must. What is left out is told as sums, once in a second at most. Metrics count everything.
 *
 * A connection that had a backend is never left out.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Logger } from "../../model/log.ts";
import { type BucketSize, TokenBucket } from "../admit/token-bucket.ts";
import type { Clock } from "../clock.ts";
import type { ConnectionRecord } from "../relay/engine.ts";

/** Of each reason. More than anybody reads, and some 50 KB a second of disk. */
const LINES_PER_SECOND = 100;
/** What comes seldom, and then all at once, such as the end of a Service, is told line by line. */
const BURST_SECONDS = 10;
const SUMMARY_INTERVAL_MS = 1_000;

/** `perSecond`: of each reason; 0: no line is left out. */
export function refusedLinesSize(perSecond: number = LINES_PER_SECOND): BucketSize | undefined {
  return perSecond === 0 ? undefined : { perSecond, burst: BURST_SECONDS * perSecond };
}

export interface RefusedLinesOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** Undefined: all. */
  readonly size: BucketSize | undefined;
}

export class RefusedLines {
  readonly #options: RefusedLinesOptions;
  readonly #buckets = new Map<ConnectionReason, TokenBucket>();
  readonly #leftOut = new Map<ConnectionReason, number>();
  #cancel: (() => void) | undefined;

  constructor(options: RefusedLinesOptions) {
    this.#options = options;
  }

  /** May the log have a line of this connection? If not, it is counted as left out. */
  allows({ connectMs, reason }: Pick<ConnectionRecord, "connectMs" | "reason">): boolean {
    const { clock, size } = this.#options;
    if (connectMs !== undefined || size === undefined) return true;
    const nowMs = clock.now();
    let bucket = this.#buckets.get(reason);
    if (bucket === undefined) {
      bucket = new TokenBucket(size, nowMs);
      this.#buckets.set(reason, bucket);
    }
    if (bucket.take(nowMs)) return true;
    this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + 1);
    this.#cancel ??= clock.after(SUMMARY_INTERVAL_MS, () => this.#summarize());
    return false;
  }

  /** Tells what has been left out until now. Idempotent. */
  close(): void {
    this.#cancel?.();
    this.#summarize();
  }

  #summarize(): void {
    this.#cancel = undefined;
    if (this.#leftOut.size === 0) return;
    const reasons = Object.fromEntries(this.#leftOut);
    this.#leftOut.clear();
    this.#options.log.warn("refused connections left out of the log", { reasons });
  }
}
