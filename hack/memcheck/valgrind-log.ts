/** What memcheck has found, from its log. Pure. */

/** Each error with its stack. Throws where the log does not end as one does: then nothing can be said. */
export function errorsOf(log: string): readonly string[] {
  // What it says of itself may stand right before an error.
  const told = log.split("\n").filter((line) => !/^(--\d+-- |==\d+== Warning: )/.test(line));
  const lines = told.map((line) => line.replace(/^==\d+== ?/, ""));
  const summary = lines
    .map((line) => /^ERROR SUMMARY: (\d+) errors/.exec(line)?.[1])
    .find((count) => count !== undefined);
  if (summary === undefined) throw new Error("valgrind's log has no summary: it broke off");
  const found = lines
    .join("\n")
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => /^\s*at 0x/m.test(paragraph));
  if (Number(summary) > 0 && found.length === 0)
    throw new Error(`valgrind tells of ${summary} errors that cannot be read`);
  return found;
}
