/**
 * What a layer's file system looks like before it is packed: parents added, one entry a path, in a fixed order.
 * Owns the rules that make two builds of the same inputs equal. Never touches the disk.
 */
import type { TarEntry } from "./tar.ts";

/** Directories that programs of any user write to, with the mode the Filesystem Hierarchy Standard's systems give them. */
const WORLD_WRITABLE = new Set(["tmp", "var/tmp"]);

/** A directory at `path`: 1777 for /tmp and /var/tmp, 0755 elsewhere. */
export function directory(path: string): TarEntry {
  const inside = relative(path);
  return { type: "directory", path: inside, mode: WORLD_WRITABLE.has(inside) ? 0o1777 : 0o755 };
}

/** A file at `path`; executable means 0755, otherwise 0644, whatever the umask of the machine that builds. */
export function file(path: string, content: Uint8Array | string, executable = false): TarEntry {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { type: "file", path: relative(path), mode: executable ? 0o755 : 0o644, content: bytes };
}

/** A symbolic link at `path` that says `target`. */
export function symlink(path: string, target: string): TarEntry {
  return { type: "symlink", path: relative(path), target };
}

/**
 * The entries sorted by path, with the directories that they need. Of two entries with one path the later wins.
 * Throws where a file or link is also needed as a directory.
 */
export function completeTree(entries: Iterable<TarEntry>): TarEntry[] {
  const tree = new Map<string, TarEntry>();
  for (const entry of entries) tree.set(entry.path, entry);
  for (const path of [...tree.keys()]) {
    for (const parent of parents(path)) {
      const present = tree.get(parent);
      if (present === undefined) tree.set(parent, directory(parent));
      else if (present.type !== "directory") throw new Error(`/${path}: /${parent} is a ${present.type}`);
    }
  }
  // By code units, not by locale: a parent is a prefix of its children and so comes before them.
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** `/usr//bin/` → `usr/bin`. */
function relative(path: string): string {
  return path.split("/").filter(Boolean).join("/");
}
