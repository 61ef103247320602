/** Which processor does what: the proxy has the first to itself, everything else shares the others. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, setPriority } from "node:os";
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

const PRECEDENCE = -15;

/**
 * Before other programs of this machine, with all that will be started: they disturb less then, and are slowed down. Linux
 * weighs sessions against each other first (sched(7), autogroups), and then processes. Throws MissingPrerequisite.
 */
export function takePrecedence(): void {
  try {
    setPriority(PRECEDENCE);
    if (existsSync("/proc/self/autogroup")) writeFileSync("/proc/self/autogroup", String(PRECEDENCE));
  } catch (error) {
    throw new MissingPrerequisite(`--precedence needs root: ${error instanceof Error ? error.message : error}`);
  }
}

/** Descriptors a process may open, from /proc/self/limits. */
export function descriptorLimit(): number {
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1024);
}
