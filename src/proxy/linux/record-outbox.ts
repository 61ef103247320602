/**
 * Connections that have begun and ended, on their way to the main thread: in batches, because a message costs as much as a
 * short connection, and as sums where nobody wants to know of each: at all, or of so many that were refused. They wait for a
 * moment at most.
 */
import { RefusalBuckets } from "../observe/refusal-buckets.ts";
import { type EndedConnection, Tallying } from "../observe/tally.ts";
import { type WantedLines, wantsRecordOf } from "../observe/wanted-lines.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import type { FromWorker } from "./messages.ts";

const MOST_RECORDS = 256;
/** Soon enough for an eye on the log. */
const RECORD_PATIENCE_MS = 20;
/** Far below the interval at which anybody reads metrics. */
const TALLY_PATIENCE_MS = 250;

/** What is counted of a connection, and can describe it. */
export interface Describing extends EndedConnection {
  record(): ConnectionRecord;
}

export class RecordOutbox {
  readonly #send: (message: FromWorker) => void;
  #wanted: WantedLines;
  #refusals: RefusalBuckets;
  readonly #tallying = new Tallying();
  #opened = 0;
  #ended: ConnectionRecord[] = [];
  #tallied = 0;
  /** When what waits is to be sent; infinite: nothing waits. */
  dueMs = Number.POSITIVE_INFINITY;

  constructor(wanted: WantedLines, send: (message: FromWorker) => void) {
    this.#send = send;
    this.#wanted = wanted;
    this.#refusals = new RefusalBuckets(wanted.refusedLines);
  }

  /** From now on; what waits is told as it was wanted. */
  want(wanted: WantedLines): void {
    this.flush();
    this.#wanted = wanted;
    this.#refusals = new RefusalBuckets(wanted.refusedLines);
  }

  opened(nowMs: number): void {
    this.#opened++;
    this.#wait(nowMs);
  }

  /** It is asked for its record only if that is to be told. */
  ended(ended: Describing, nowMs: number): void {
    this.#wait(nowMs);
    if (!wantsRecordOf(this.#wanted, ended.reason) || !this.#refusals.take(ended, nowMs)) {
      this.#tallying.add(ended);
      this.#tallied++;
      return;
    }
    this.#ended.push(ended.record());
    if (this.#ended.length >= MOST_RECORDS) this.flush();
  }

  flush(): void {
    if (this.dueMs === Number.POSITIVE_INFINITY) return;
    this.dueMs = Number.POSITIVE_INFINITY;
    const opened = this.#opened;
    const ended = this.#ended;
    this.#opened = 0;
    this.#ended = [];
    // That they have begun goes first, with whichever there is.
    const hasRecords = this.#wanted.wantsRecords || ended.length > 0;
    if (hasRecords) this.#send({ type: "connections", opened, ended });
    if (hasRecords && this.#tallied === 0) return;
    this.#tallied = 0;
    this.#send({ type: "tally", opened: hasRecords ? 0 : opened, ended: this.#tallying.take() });
  }

  #wait(nowMs: number): void {
    if (this.dueMs !== Number.POSITIVE_INFINITY) return;
    this.dueMs = nowMs + (this.#wanted.wantsRecords ? RECORD_PATIENCE_MS : TALLY_PATIENCE_MS);
  }
}
