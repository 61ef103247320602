/**
 * Connections that have begun and ended, on their way to the main thread: in batches, because a message costs as much as a
 * short connection, and as sums where nobody wants to know of each. They wait for a moment at most.
 */
import { type EndedConnection, Tallying } from "../observe/tally.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import type { FromWorker } from "./messages.ts";

const MOST_RECORDS = 256;
/** Soon enough for an eye on the log. */
const RECORD_PATIENCE_MS = 20;
/** Far below the interval at which anybody reads metrics. */
const TALLY_PATIENCE_MS = 250;

export class RecordOutbox {
  readonly #send: (message: FromWorker) => void;
  readonly #patienceMs: number;
  readonly #wantsRecords: boolean;
  readonly #tallying = new Tallying();
  #opened = 0;
  #ended: ConnectionRecord[] = [];
  /** When what waits is to be sent; infinite: nothing waits. */
  dueMs = Number.POSITIVE_INFINITY;

  constructor(wantsRecords: boolean, send: (message: FromWorker) => void) {
    this.#send = send;
    this.#patienceMs = wantsRecords ? RECORD_PATIENCE_MS : TALLY_PATIENCE_MS;
    this.#wantsRecords = wantsRecords;
  }

  opened(nowMs: number): void {
    this.#opened++;
    this.#wait(nowMs);
  }

  ended(record: ConnectionRecord, nowMs: number): void {
    this.#wait(nowMs);
    this.#ended.push(record);
    if (this.#ended.length >= MOST_RECORDS) this.flush();
  }

  counted(connection: EndedConnection, nowMs: number): void {
    this.#wait(nowMs);
    this.#tallying.add(connection);
  }

  flush(): void {
    if (this.dueMs === Number.POSITIVE_INFINITY) return;
    this.dueMs = Number.POSITIVE_INFINITY;
    const opened = this.#opened;
    this.#opened = 0;
    if (!this.#wantsRecords) {
      this.#send({ type: "tally", opened, ended: this.#tallying.take() });
      return;
    }
    const ended = this.#ended;
    this.#ended = [];
    this.#send({ type: "connections", opened, ended });
  }

  #wait(nowMs: number): void {
    if (this.dueMs === Number.POSITIVE_INFINITY) this.dueMs = nowMs + this.#patienceMs;
  }
}
