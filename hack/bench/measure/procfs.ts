/**
 * What files of /proc say, as numbers (proc(5)). Pure: texts in, figures out.
 * Never opens a file.
 */

/** USER_HZ: the unit of times in /proc. It is 100 on every architecture that we run on. */
export const TICKS_PER_SECOND = 100;

/** User and system time of a process with all its threads, in ticks, from /proc/PID/stat. */
export function processTicks(stat: string): number {
  // The second field is the name in parentheses, and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Fields 14 and 15 of the whole line; `fields` begins with the third.
  return numberAt(fields, 11, stat) + numberAt(fields, 12, stat);
}

/** Time of all processors that was not idle and not taken by the host, in ticks, from /proc/stat. */
export function busyTicks(stat: string): number {
  const [label, ...fields] = stat.slice(0, stat.indexOf("\n")).split(/ +/);
  if (label !== "cpu") throw new Error(`not the first line of /proc/stat: ${label}`);
  // user, nice, system, (idle, iowait,) irq, softirq
  return [0, 1, 2, 5, 6].reduce((sum, index) => sum + numberAt(fields, index, stat), 0);
}

/** Memory that belongs to a process, shared pages divided by their users, in KiB, from /proc/PID/smaps_rollup. */
export function proportionalKib(rollup: string): number {
  const found = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (found === undefined) throw new Error("smaps_rollup has no line Pss");
  return Number(found);
}

/** Process ids from /proc/PID/task/TID/children. */
export function childIds(children: string): readonly number[] {
  return children.split(" ").flatMap((id) => (id.trim() === "" ? [] : [Number(id)]));
}

/** The first processor's name, from /proc/cpuinfo. */
export function processorName(cpuinfo: string): string {
  return /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1]?.trim() ?? "unknown";
}

function numberAt(fields: readonly string[], index: number, line: string): number {
  const value = Number(fields[index] ?? Number.NaN);
  if (!Number.isFinite(value)) throw new Error(`no number in field ${index} of: ${line.slice(0, 200)}`);
  return value;
}
