/**
 * Prints what a test run with coverage has reached: one line in all, one for each file that is not reached whole, and the
 * failures. Node ends the run with 1 when a threshold of the command line is missed.
 */
import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === "test:fail") yield `failed: ${event.data.name}\n${String(event.data.details.error.cause)}\n`;
    if (event.type !== "test:coverage") continue;
    const { files, totals, workingDirectory } = event.data.summary;
    for (const file of files) {
      const branches = file.branches.filter(({ count }) => count === 0).map(({ line }) => line);
      const lines = file.lines.filter(({ count }) => count === 0).map(({ line }) => line);
      if (branches.length + lines.length === 0) continue;
      const missed = [`branches at line ${branches.join(", ")}`, `lines ${lines.join(", ")}`];
      yield `not reached in ${relative(workingDirectory, file.path)}: ${missed.join("; ")}\n`;
    }
    const percent = (value: number) => `${value.toFixed(1)} %`;
    yield `coverage of ${files.length} files of src/translate: branches ${percent(totals.coveredBranchPercent)} (${totals.coveredBranchCount} of ${totals.totalBranchCount}), functions ${percent(totals.coveredFunctionPercent)}, lines ${percent(totals.coveredLinePercent)}\n`;
  }
}
