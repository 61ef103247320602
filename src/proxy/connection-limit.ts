/**
 * How many connections a proxy may hold unless told otherwise.
 */
import { readFileSync } from "node:fs";
import { MAX_ADMIN_CONNECTIONS } from "../model/descriptor-budget.ts";

/** For the admin port, listening ports, the stream, DNS, logs and connections that are being dialled. */
const RESERVED_DESCRIPTORS = MAX_ADMIN_CONNECTIONS + 128;
/** The client's socket and the backend's. */
const DESCRIPTORS_PER_CONNECTION = 2;
/** Where the limit cannot be read: the default of macOS for a process, kern.maxfilesperproc, is no lower. */
const ASSUMED_DESCRIPTORS = 10_240;
/** An idle connection takes some 10 KB of memory, so that these take 200 MB; busy ones hold up to 256 KiB more each. */
const MOST_CONNECTIONS = 20_000;

/** So many that descriptors do not run out, and no more than a proxy of ordinary size should hold in memory. */
export function defaultMaxConnections(descriptors: number = descriptorLimit()): number {
  const fitting = Math.floor((descriptors - RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_CONNECTION);
  return Math.max(1, Math.min(fitting, MOST_CONNECTIONS));
}

/**
 * Largest number of connections to one backend: three quarters of what the Gateway may hold, so that other backends have room whatever
 * one of them does. It is derived from the Gateway's share of the process's limit, not from a configured one, and is 15,000 with the default.
 */
export function maxBackendConnections(maxConnections: number): number {
  return Math.max(1, Math.ceil((maxConnections * 3) / 4));
}

/** The soft limit on open files, from procfs on Linux. Node has no call for it that is cheap. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? ASSUMED_DESCRIPTORS : Number(soft);
  } catch {
    return ASSUMED_DESCRIPTORS;
  }
}
