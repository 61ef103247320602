/**
 * Tells the host which connections have begun and how they ended: of each at once, or, where nobody wants to know of single
 * ones, of many in sums. A sum for a quarter of a second costs less than the labels of one connection's counters.
 */
import type { Clock } from "../clock.ts";
import { Tallying } from "../observe/tally.ts";
import { wantsRecordOf } from "../observe/wanted-lines.ts";
import type { ConnectionRecord, EngineHost } from "./engine.ts";

/** Far below the interval at which anybody reads metrics. */
const PATIENCE_MS = 250;

type LedgerHost = Pick<EngineHost, "opened" | "ended" | "tallied" | "wantsFailures" | "wantsRecords">;

export class Ledger {
  readonly #host: LedgerHost;
  readonly #clock: Pick<Clock, "after">;
  readonly #tallying = new Tallying();
  #opened = 0;
  /** Undefined: nothing waits. */
  #cancelFlush: (() => void) | undefined;

  constructor(host: LedgerHost, clock: Pick<Clock, "after">) {
    this.#host = host;
    this.#clock = clock;
  }

  opened(): void {
    if (this.#host.wantsRecords) {
      this.#host.opened();
      return;
    }
    this.#opened++;
    this.#flushSoon();
  }

  ended(record: ConnectionRecord): void {
    if (wantsRecordOf(this.#host, record.reason)) {
      this.#reportOpened();
      this.#host.ended(record);
      return;
    }
    this.#tallying.add(record);
    this.#flushSoon();
  }

  /** Tells what waits. */
  flush(): void {
    if (this.#cancelFlush === undefined) return;
    this.#cancelFlush();
    this.#cancelFlush = undefined;
    this.#reportOpened();
    this.#host.tallied(this.#tallying.take());
  }

  /** A connection is never reported as ended before it is reported as opened. */
  #reportOpened(): void {
    const opened = this.#opened;
    this.#opened = 0;
    if (opened > 0) this.#host.opened(opened);
  }

  #flushSoon(): void {
    this.#cancelFlush ??= this.#clock.after(PATIENCE_MS, () => this.flush());
  }
}
