/** Follows the suite while it runs: outcomes to the console, every word to a file. Owns neither its flags nor its verdict. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline/promises";
import { finished } from "node:stream/promises";
import { TestLog } from "./test-log.ts";

export interface SuiteResult {
  readonly code: number;
  readonly counts: TestLog["counts"];
}

export async function runSuite(child: ChildProcessWithoutNullStreams, logFile: string): Promise<SuiteResult> {
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const file = createWriteStream(logFile);
  const log = new TestLog((line) => console.log(line));
  child.stdin.end();
  child.stderr.on("data", (bytes: Buffer) => file.write(bytes));
  child.stderr.pipe(process.stderr, { end: false });
  for await (const line of createInterface({ input: child.stdout })) {
    file.write(`${line}\n`);
    log.line(line);
  }
  const [code, signal] = await ended;
  file.end();
  await finished(file);
  if (signal !== null) console.error(`conformance: the suite was ended by ${signal}`);
  return { code: code ?? 1, counts: log.counts };
}
