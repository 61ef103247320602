/** The committed report: written when asked, and otherwise compared with. Owns docs/conformance/ and the wording. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { CHECKOUT } from "../e2e/deploy.ts";
import { reportDifferences, reportPath } from "./report.ts";

const FOLDER = join(CHECKOUT, "docs/conformance");

/** Exit status. */
export function writeCommitted(report: string): number {
  const file = join(FOLDER, reportPath(report));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, report);
  console.log(`conformance: wrote ${relative(CHECKOUT, file)}`);
  return 0;
}

/** Exit status. */
export function compareWithCommitted(report: string): number {
  const file = join(FOLDER, reportPath(report));
  const name = relative(CHECKOUT, file);
  const differences = differencesFrom(file, report);
  for (const line of differences) console.error(`conformance: ${name}: ${line}`);
  if (differences.length > 0) {
    console.error("conformance: the committed report is not true; `npm run conformance -- --write` writes what is");
    return 1;
  }
  console.log(`conformance: the run says what ${name} says`);
  return 0;
}

function differencesFrom(file: string, report: string): readonly string[] {
  try {
    return reportDifferences(readFileSync(file, "utf8"), report);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return ["there is no such file"];
  }
}
