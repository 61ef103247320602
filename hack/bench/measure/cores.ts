/** Which processor does what: the proxy has the first to itself, everything else shares the others. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { MissingPrerequisite, mustRun } from "../../image/environment.ts";
import type { Command } from "../contenders/contender.ts";

const PROXY_CORE = "0";

/** Moves this process, and thereby all that it will start, away from the proxy's core. Throws MissingPrerequisite. */
export function leaveProxyCore(): void {
  const cores = availableParallelism();
  if (cores < 2) throw new MissingPrerequisite("two processors are needed, one of them for the proxy alone");
  mustRun("taskset", ["--all-tasks", "--pid", "--cpu-list", `1-${cores - 1}`, String(process.pid)]);
}

export function onProxyCore({ program, args }: Command): {
  readonly program: string;
  readonly args: readonly string[];
} {
  return { program: "taskset", args: ["--cpu-list", PROXY_CORE, program, ...args] };
}

/** Descriptors a process may open, from /proc/self/limits. */
export function descriptorLimit(): number {
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1024);
}
