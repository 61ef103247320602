/**
 * Standard output of a thread that may wait for whoever reads it: in the serving thread a slow reader of many statuses would keep
 * connections waiting.
 */
import { writeSync } from "node:fs";

const STANDARD_OUTPUT = 1;
const FULL_MS = 10;

/** Returns when all is written, or nobody reads any more. */
export function printText(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STANDARD_OUTPUT, rest));
    } catch (error) {
      // A pipe that is full and was set not to block.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_MS);
    }
  }
}
