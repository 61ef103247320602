/** What a process holds at a moment, from /proc: descriptors by kind, memory, threads. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { proportionalKib } from "../bench/measure/procfs.ts";

export interface Descriptors {
  readonly sockets: number;
  readonly pipes: number;
  /** Files, epoll, eventfd. */
  readonly others: number;
}

export interface Vitals extends Descriptors {
  readonly pssKib: number;
  readonly threads: number;
}

/** Pure: of what the links in /proc/PID/fd say (proc_pid_fd(5)). */
export function countDescriptors(links: readonly string[]): Descriptors {
  const sockets = links.filter((link) => link.startsWith("socket:")).length;
  const pipes = links.filter((link) => link.startsWith("pipe:")).length;
  return { sockets, pipes, others: links.length - sockets - pipes };
}

export function vitalsOf(pid: number): Vitals {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`) ?? []);
  return {
    ...countDescriptors(links),
    pssKib: proportionalKib(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")),
    threads: readdirSync(`/proc/${pid}/task`).length,
  };
}

/** Undefined: closed since it was listed. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
