/** Which connections the access log wants to hear of: what the process was begun with, overruled by the configuration. Pure. */
import type { LoggingSettings } from "../../model/traffic.ts";
import type { BucketSize } from "../admit/token-bucket.ts";
import { refusedLinesSize } from "./refused-lines.ts";

export interface WantedLines {
  /** Is anybody interested in single connections? */
  readonly wantsRecords: boolean;
  /** Of refused ones of each reason so many; undefined: all. */
  readonly refusedLines: BucketSize | undefined;
}

export function wantedLines(base: WantedLines, { level, refusedPerSecond }: LoggingSettings = {}): WantedLines {
  return {
    // The line of a connection is of level info.
    wantsRecords: level === undefined ? base.wantsRecords : level === "debug" || level === "info",
    refusedLines: refusedPerSecond === undefined ? base.refusedLines : refusedLinesSize(refusedPerSecond),
  };
}
