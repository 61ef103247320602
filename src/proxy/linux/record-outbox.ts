/**
 * Connections that have begun and ended, on their way to the main thread: in batches, because a message costs as much as a
 * short connection. A record waits for a moment at most.
 */
import type { ConnectionRecord } from "../relay/engine.ts";
import type { FromWorker } from "./messages.ts";

const MOST_RECORDS = 256;
/** Far below the interval at which anybody reads metrics, and soon enough for an eye on the log. */
const PATIENCE_MS = 20;

export class RecordOutbox {
  readonly #send: (message: FromWorker) => void;
  #opened = 0;
  #ended: ConnectionRecord[] = [];
  /** When what waits is to be sent; infinite: nothing waits. */
  dueMs = Number.POSITIVE_INFINITY;

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  opened(nowMs: number): void {
    this.#opened++;
    if (this.dueMs === Number.POSITIVE_INFINITY) this.dueMs = nowMs + PATIENCE_MS;
  }

  ended(record: ConnectionRecord, nowMs: number): void {
    this.#ended.push(record);
    if (this.dueMs === Number.POSITIVE_INFINITY) this.dueMs = nowMs + PATIENCE_MS;
    if (this.#ended.length >= MOST_RECORDS) this.flush();
  }

  flush(): void {
    if (this.dueMs === Number.POSITIVE_INFINITY) return;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.#send({ type: "connections", opened: this.#opened, ended: this.#ended });
    this.#opened = 0;
    this.#ended = [];
  }
}
