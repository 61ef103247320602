/**
 * How many lines of refused connections the access log takes: so many of each reason in a second, so that an attack fills no disk
 * and costs no more than it must. What is left out is told as sums, once in a second at most. Metrics count everything.
 *
 * A connection that had a backend is never left out.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Logger } from "../../model/log.ts";
import type { BucketSize } from "../admit/token-bucket.ts";
import type { Clock } from "../clock.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import { RefusalBuckets } from "./refusal-buckets.ts";
import type { Tally } from "./tally.ts";

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
  #buckets: RefusalBuckets;
  readonly #leftOut = new Map<ConnectionReason, number>();
  #cancel: (() => void) | undefined;

  constructor(options: RefusedLinesOptions) {
    this.#options = options;
    this.#buckets = new RefusalBuckets(options.size);
  }

  /** From now on so many; undefined: all. */
  resize(size: BucketSize | undefined): void {
    this.#buckets = new RefusalBuckets(size);
  }

  /** May the log have a line of this connection? If not, it is counted as left out. */
  allows(record: Pick<ConnectionRecord, "connectMs" | "reason">): boolean {
    if (this.#buckets.take(record, this.#options.clock.now())) return true;
    this.#leave(record.reason, 1);
    return false;
  }

  /** An engine has left these out by itself. */
  leftOut(sums: Tally["sums"]): void {
    for (const { connections, reason } of sums) this.#leave(reason, connections);
  }

  /** Tells what has been left out until now. Idempotent. */
  close(): void {
    this.#cancel?.();
    this.#summarize();
  }

  #leave(reason: ConnectionReason, count: number): void {
    this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + count);
    this.#cancel ??= this.#options.clock.after(SUMMARY_INTERVAL_MS, () => this.#summarize());
  }

  #summarize(): void {
    this.#cancel = undefined;
    if (this.#leftOut.size === 0) return;
    const reasons = Object.fromEntries(this.#leftOut);
    this.#leftOut.clear();
    this.#options.log.warn("refused connections left out of the log", { reasons });
  }
}
