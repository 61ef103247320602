/** Reads the files of a command line; `-` is standard input. */
import { readFileSync } from "node:fs";
import { formatProblem, type ManifestText, type Problem } from "../standalone/manifests/parse.ts";
import { UsageError } from "./exit.ts";

/** @throws UsageError that names every file which cannot be read. */
export function readFiles(files: readonly string[]): readonly ManifestText[] {
  const texts: ManifestText[] = [];
  const unreadable: Problem[] = [];
  for (const file of files) {
    try {
      texts.push(
        file === "-" ? { file: "<stdin>", text: readFileSync(0, "utf8") } : { file, text: readFileSync(file, "utf8") },
      );
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      unreadable.push({
        file,
        line: 1,
        message: `cannot be read: ${code === "ENOENT" ? "there is no such file" : code}`,
      });
    }
  }
  if (unreadable.length > 0) throw new UsageError(unreadable.map(formatProblem));
  return texts;
}
