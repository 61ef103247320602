/** What the operator's and the proxies' processes use: from /proc, where a Pod's are found by its cgroup. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "../bench/measure/usage.ts";

/** The one process of a Pod that runs our program. @throws Error when there is not exactly one. */
export function pidOf(podUid: string): number {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && isProgramOf(entry, podUid));
  const [pid] = pids;
  if (pid === undefined || pids.length !== 1) throw new Error(`${pids.length} processes are of Pod ${podUid}, not one`);
  return Number(pid);
}

/** cgroups name a Pod by its uid, with `-` or, where systemd has them, `_`. */
function isProgramOf(pid: string, podUid: string): boolean {
  try {
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, "utf8").replaceAll("_", "-");
    return cgroup.includes(podUid) && !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pause");
  } catch {
    // The process has ended since.
    return false;
  }
}

/** Resident memory, in MiB. */
export function rssMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no VmRSS`);
  return Number(kib) / 1024;
}

/** What share of one processor each process uses while `work` goes on, in percent. */
export async function cpuPercent(pids: readonly number[], work: () => Promise<unknown>): Promise<readonly number[]> {
  const before = pids.map((pid) => cpuSeconds([pid]));
  const startedAtMs = performance.now();
  await work();
  const seconds = (performance.now() - startedAtMs) / 1000;
  return pids.map((pid, i) => ((cpuSeconds([pid]) - (before[i] ?? 0)) / seconds) * 100);
}

export const rest = (seconds: number) => () => sleep(seconds * 1000);

/**
 * How many times as long rest is measured as other things, and waited for after work: two minutes, for V8 collects what work has left
 * when it has not collected for some 100 s. Of less it would be chance whether a collection is in it.
 */
export const REST_WINDOWS = 8;
