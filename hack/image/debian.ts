/**
 * Debian packages, pinned by version and SHA-256 and unpacked in the cache: those whose shared libraries go into the image
 * (debian-packages.json), and for hack/bench the peers. A mirror keeps one version only; where it has moved on, its present
 * version is taken, which apt has checked against Debian's signature, and a line says so.
 * Never installs a package and never runs its scripts.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Apt, privateApt } from "./apt.ts";
import { cacheFolder, fillFolder, MissingPrerequisite, mustRun } from "./environment.ts";
import type { Architecture } from "./layout.ts";

export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export type DebianPins = Readonly<Record<Architecture, readonly PinnedPackage[]>>;

export const pinsFile = join(import.meta.dirname, "debian-packages.json");

/** A package as unpacked: its files below `root`, its control fields as Debian wrote them. */
export interface UnpackedPackage {
  readonly name: string;
  readonly root: string;
  readonly control: string;
}

export function readPins(): DebianPins {
  return JSON.parse(readFileSync(pinsFile, "utf8"));
}

/** The image's packages of one platform; `notice` is told of each that is not the pinned one. */
export function debianPackages(architecture: Architecture, notice: (line: string) => void): UnpackedPackage[] {
  return unpackPackages(readPins()[architecture], architecture, notice);
}

/** Pins of what Debian offers today. Throws where it does not offer all of them. */
export function offeredPins(names: readonly string[], architecture: Architecture): PinnedPackage[] {
  const folder = mkdtempSync(join(tmpdir(), "fsm-gateway-apt-"));
  try {
    const found = privateApt(architecture, folder).offers(names);
    const missing = names.filter((name) => !found.some((each) => each.name === name));
    if (missing.length > 0) throw new Error(`apt offers no ${missing.join(", ")} for ${architecture}`);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As `debianPackages`, for any pins. Throws MissingPrerequisite. */
export function unpackPackages(
  pins: readonly PinnedPackage[],
  architecture: Architecture,
  notice: (line: string) => void,
): UnpackedPackage[] {
  const lazyApt = onDemandApt(architecture);
  try {
    return pins.map((pin) => {
      const root = unpackedFolder(pin, architecture);
      if (!existsSync(root)) unpack(pin, root, lazyApt.get());
      const control = readFileSync(join(root, "control"), "utf8");
      const version = /^Version: (.*)$/m.exec(control)?.[1];
      if (version !== pin.version) {
        notice(
          `${pin.name} ${version} (${architecture}) stands in for the pinned ${pin.version}, which the mirror no longer has`,
        );
      }
      return { name: pin.name, root: join(root, "files"), control };
    });
  } finally {
    lazyApt.remove();
  }
}

function unpackedFolder({ name, version, sha256 }: PinnedPackage, architecture: Architecture): string {
  return join(cacheFolder(), "image", `${name}_${version.replaceAll(":", "-")}_${architecture}-${sha256.slice(0, 16)}`);
}

/** The apt is made when the first package is missing: a cached build needs neither apt nor a network. */
function onDemandApt(architecture: Architecture) {
  let folder: string | undefined;
  let apt: Apt | undefined;
  return {
    get(): Apt {
      folder ??= mkdtempSync(join(tmpdir(), "fsm-gateway-apt-"));
      apt ??= privateApt(architecture, folder);
      return apt;
    },
    remove() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function unpack(pin: PinnedPackage, root: string, apt: Apt): void {
  fillFolder(root, (partial) => {
    const exact = apt.download(`${pin.name}=${pin.version}`, partial);
    if (exact !== undefined) assertDigest(exact, pin);
    const deb = exact ?? apt.download(pin.name, partial);
    if (deb === undefined) throw new MissingPrerequisite(`apt cannot download the package ${pin.name}`);
    mustRun("dpkg-deb", ["--extract", deb, join(partial, "files")]);
    mustRun("dpkg-deb", ["--control", deb, join(partial, "meta")]);
    renameSync(join(partial, "meta/control"), join(partial, "control"));
    rmSync(deb);
  });
}

function assertDigest(deb: string, pin: PinnedPackage): void {
  const actual = createHash("sha256").update(readFileSync(deb)).digest("hex");
  if (actual !== pin.sha256)
    throw new Error(`${pin.name} ${pin.version} has SHA-256 ${actual}, not the pinned ${pin.sha256}`);
}
