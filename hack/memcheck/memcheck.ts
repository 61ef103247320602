/**
 * `npm run memcheck`: the tests of the linux engine under valgrind, whose memcheck looks at each pointer and length that a system call
 * is given, and at each access of native code. Before that, a program with such a fault, which must be found.
 *
 * Whether values are initialised is not looked at: V8 scans its stack conservatively, and that is no fault.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout, MissingPrerequisite, mustRun } from "../image/environment.ts";
import { LINUX_ENGINE_SUITE } from "../linux-engine-suite.ts";
import { errorsOf } from "./valgrind-log.ts";

const LONGEST_MS = 20 * 60_000;
// Code that is compiled as it runs is not in a file.
const FLAGS = ["--smc-check=all-non-file", "--undef-value-errors=no", "--error-limit=no"];

interface Checked {
  readonly status: number | null;
  readonly errors: readonly string[];
}

function check(args: readonly string[], show: boolean): Checked {
  const folder = mkdtempSync(join(tmpdir(), "fsm-memcheck-"));
  try {
    const log = join(folder, "log");
    const { error, status } = spawnSync(
      "valgrind",
      ["--tool=memcheck", ...FLAGS, `--log-file=${log}`, process.execPath, ...args],
      {
        cwd: checkout,
        stdio: ["ignore", show ? "inherit" : "ignore", show ? "inherit" : "ignore"],
        timeout: LONGEST_MS,
      },
    );
    if (error !== undefined) throw new Error("valgrind did not run to its end", { cause: error });
    return { status, errors: errorsOf(readFileSync(log, "utf8")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function main(): number {
  console.log(mustRun("valgrind", ["--version"]).trim());
  const canary = check(["hack/memcheck/canary.ts"], false);
  if (!canary.errors.some((one) => one.startsWith("Syscall param write(buf) points to unaddressable byte(s)"))) {
    console.log("a fault that was put there is not found: this valgrind cannot check this Node");
    return 1;
  }
  console.log("a length that is greater than its block is found");
  // In one process: valgrind does not follow into children here.
  const { status, errors } = check(["--test-isolation=none", "--test", ...LINUX_ENGINE_SUITE], true);
  for (const error of errors) console.log(error);
  console.log(`${errors.length} errors of memory in the suite`);
  return status === 0 && errors.length === 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof MissingPrerequisite)) throw error;
  console.error(`memcheck: ${error.message}`);
  process.exitCode = 2;
}
