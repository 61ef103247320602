/** Which connections the access log wants to hear of: what the process was begun with, overruled by the configuration. Pure. */
import { type ConnectionReason, REASONS_TO_FIX } from "../../model/connection-reason.ts";
import type { LoggingSettings } from "../../model/traffic.ts";
import type { BucketSize } from "../admit/token-bucket.ts";
import { refusedLinesSize } from "./refused-lines.ts";

export interface WantedLines {
  /** Whether each connection gets a line: log level info or debug. */
  readonly wantsRecords: boolean;
  /** Whether each connection with a reason of `REASONS_TO_FIX` gets a line: log level warn, or a lower one. */
  readonly wantsFailures: boolean;
  /** Of refused ones of each reason so many; undefined: all. */
  readonly refusedLines: BucketSize | undefined;
}

export function wantedLines(base: WantedLines, { level, refusedPerSecond }: LoggingSettings = {}): WantedLines {
  return {
    wantsRecords: level === undefined ? base.wantsRecords : level === "debug" || level === "info",
    wantsFailures: level === undefined ? base.wantsFailures : level !== "error",
    refusedLines: refusedPerSecond === undefined ? base.refusedLines : refusedLinesSize(refusedPerSecond),
  };
}

/** Reports whether a connection with this reason gets a line. */
export function wantsRecordOf(
  wanted: Pick<WantedLines, "wantsFailures" | "wantsRecords">,
  reason: ConnectionReason,
): boolean {
  return wanted.wantsRecords || (wanted.wantsFailures && REASONS_TO_FIX.has(reason));
}
