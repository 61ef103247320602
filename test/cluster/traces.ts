/**
 * What a cluster leaves on the machine: the question that the last test of its life asks. Reads /proc and /sys alone.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

/** The inode numbers of namespaces, as /proc/PID/ns shows them: `net:[4026532301]`. */
export function networkNamespaces(names: readonly string[]): string[] {
  return names.map((name) => `net:[${statSync(`/run/netns/${name}`).ino}]`);
}

/** The processes in one of the network namespaces, as `PID COMMAND`. */
export function processesIn(namespaces: readonly string[]): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        if (!namespaces.includes(readlinkSync(`/proc/${pid}/ns/net`))) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`];
      } catch {
        return []; // it ended while we looked
      }
    });
}

/** The cgroups of that name in every hierarchy: version 2 at the top, version 1 one folder deeper. */
export function cgroupsNamed(name: string): string[] {
  const top = "/sys/fs/cgroup";
  const parents = [top, ...readdirSync(top).map((entry) => join(top, entry))];
  return parents.map((parent) => join(parent, name)).filter((folder) => existsSync(folder));
}

/** The mounts of this machine whose line names the text. */
export function mountsNaming(text: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => line.includes(text));
}

/** What a cluster could have changed for the whole machine. */
export function machineSysctls(): Record<string, string> {
  const names = [
    "fs/inotify/max_user_instances",
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
  ];
  return Object.fromEntries(names.map((name) => [name, readFileSync(`/proc/sys/${name}`, "utf8").trim()]));
}
