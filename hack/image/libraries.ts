/**
 * The shared libraries that a program needs, and those that they need in turn, taken from unpacked Debian packages
 * and placed where the loader looks. Owns the walk over ELF headers; works for any architecture on any machine.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { UnpackedPackage } from "./debian.ts";
import { elfNeeds } from "./elf.ts";
import type { Architecture } from "./layout.ts";
import { file } from "./rootfs.ts";
import type { TarEntry } from "./tar.ts";

/** Debian's name of the architecture in paths; its loader searches /lib/TRIPLET by default. */
const TRIPLETS = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const satisfies Record<
  Architecture,
  string
>;

/** Throws where no package has a library that is needed: then node has come to need one more package. */
export function libraryEntries(
  program: Uint8Array,
  architecture: Architecture,
  packages: readonly UnpackedPackage[],
): TarEntry[] {
  const triplet = TRIPLETS[architecture];
  const { interpreter, libraries } = elfNeeds(program);
  const found = new Map<string, Uint8Array>();
  const waiting = [...libraries];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const bytes = findLibrary(name, triplet, packages);
    found.set(name, bytes);
    waiting.push(...elfNeeds(bytes).libraries);
  }
  const entries = [...found].map(([name, bytes]) => file(`/lib/${triplet}/${name}`, bytes, true));
  if (interpreter === undefined) return entries;
  return [...entries, file(interpreter, findLibrary(basename(interpreter), triplet, packages), true)];
}

function findLibrary(name: string, triplet: string, packages: readonly UnpackedPackage[]): Uint8Array {
  for (const { root } of packages) {
    for (const folder of ["lib", "usr/lib"]) {
      const path = join(root, folder, triplet, name);
      if (existsSync(path)) return readFileSync(path);
    }
  }
  throw new Error(`no package of debian-packages.json has ${name} (${triplet})`);
}
