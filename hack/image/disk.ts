/**
 * Reads what goes into a layer from the machine's disk: files, folders, and the shared libraries of a program.
 * Owns the walk and the reading of ldd's answer. Never decides an order or writes anything.
 */
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { directory, file, symlink } from "./rootfs.ts";
import type { TarEntry } from "./tar.ts";

/**
 * The entries for `source` (a file or a folder) at `destination`; a destination that ends in a slash keeps a file's
 * name. The source itself is followed where it is a link; links inside a folder stay links.
 */
export function readTree(source: string, destination: string): TarEntry[] {
  if (statSync(source).isDirectory()) return readFolder(source, destination);
  const path = destination.endsWith("/") ? destination + basename(source) : destination;
  return [readRegular(source, path)];
}

function readFolder(source: string, destination: string): TarEntry[] {
  const children = readdirSync(source).flatMap((name): TarEntry[] => {
    const [from, to] = [join(source, name), join(destination, name)];
    const stat = lstatSync(from);
    if (stat.isSymbolicLink()) return [symlink(to, readlinkSync(from))];
    return stat.isDirectory() ? readFolder(from, to) : [readRegular(from, to)];
  });
  // The root of a layer has no entry: its mode is the runtime's affair.
  return destination.split("/").some(Boolean) ? [directory(destination), ...children] : children;
}

function readRegular(source: string, destination: string): TarEntry {
  const stat = statSync(source);
  if (!stat.isFile()) throw new Error(`${source} is neither a file, a folder nor a link`);
  return file(destination, readFileSync(source), (stat.mode & 0o111) !== 0);
}

/** The loader and the shared libraries of `binary`, at the paths where its loader looks; none for a static program. */
export function readLibraries(binary: string): TarEntry[] {
  return libraryPaths(ldd(binary)).map((path) => readRegular(path, path));
}

function ldd(binary: string): string {
  statSync(binary);
  try {
    return execFileSync("ldd", [binary], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (cause) {
    if (cause instanceof Error && /not a dynamic executable/.test(String(cause))) return "";
    throw new Error(`ldd ${binary} failed`, { cause });
  }
}

/** The files that ldd names. Throws where it says that a library was not found. */
export function libraryPaths(lddOutput: string): string[] {
  const missing = /^\s*(\S+) => not found/m.exec(lddOutput)?.[1];
  if (missing !== undefined) throw new Error(`the shared library ${missing} is not installed on this machine`);
  return [...lddOutput.matchAll(/(\/\S+) \(0x/g)].flatMap((match) => match[1] ?? []);
}
