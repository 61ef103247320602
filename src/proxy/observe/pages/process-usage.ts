/** What the process as a whole uses, from the machine. */
import { readdir } from "node:fs/promises";

export interface ProcessUsage {
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
  /** Absent where there is no procfs. */
  readonly descriptors?: number;
}

export async function processUsage(): Promise<ProcessUsage> {
  const open = await readdir("/proc/self/fd").catch(() => undefined);
  return {
    uptimeSeconds: Math.round(process.uptime()),
    residentBytes: process.memoryUsage.rss(),
    ...(open === undefined ? {} : { descriptors: open.length }),
  };
}
