/** What the bench ran on, and what it measured. */
import { readFileSync } from "node:fs";
import { availableParallelism, release, totalmem } from "node:os";
import { lastLine, run } from "../../image/environment.ts";
import { processorName } from "../measure/procfs.ts";

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly go: string;
  readonly node: string;
  /** Of the checkout, with a mark where it was not clean. */
  readonly commit: string;
  /** Root's pipes are not limited by fs.pipe-user-pages-soft. */
  readonly root: boolean;
}

/** `folder` is in the checkout whose proxy was measured. */
export function machineAndCheckout(folder: string): Machine {
  const commit = run("git", ["rev-parse", "--short=12", "HEAD"], folder);
  const changes = run("git", ["status", "--porcelain", "--untracked-files=no"], folder);
  return {
    processor: processorName(readFileSync("/proc/cpuinfo", "utf8")),
    processors: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    go: lastLine(run("go", ["env", "GOVERSION"]).stdout),
    node: process.version,
    commit: `${lastLine(commit.stdout) || "unknown"}${lastLine(changes.stdout) === "" ? "" : " with changes"}`,
    root: process.getuid?.() === 0,
  };
}
