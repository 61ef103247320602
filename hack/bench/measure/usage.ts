/** What processes have used so far, read from /proc. Processes that are gone count as nothing. */
import { readdirSync, readFileSync } from "node:fs";
import { busyTicks, childIds, processTicks, proportionalKib, TICKS_PER_SECOND } from "./procfs.ts";

/** A process and all that descend from it. */
export function processTree(pid: number): readonly number[] {
  const tasks = gone(() => readdirSync(`/proc/${pid}/task`), []);
  const children = tasks.flatMap((task) =>
    gone(() => childIds(readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")), []),
  );
  return [pid, ...children.flatMap(processTree)];
}

export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => gone(() => processTicks(readFileSync(`/proc/${pid}/stat`, "utf8")), 0));
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

/** Of the whole machine. */
export function busySeconds(): number {
  return busyTicks(readFileSync("/proc/stat", "utf8")) / TICKS_PER_SECOND;
}

export function memoryKib(pids: readonly number[]): number {
  const sizes = pids.map((pid) => gone(() => proportionalKib(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")), 0));
  return sizes.reduce((sum, each) => sum + each, 0);
}

/** A process may end between two reads: ENOENT, ESRCH. */
function gone<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return otherwise;
    throw error;
  }
}
