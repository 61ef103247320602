/**
 * HAProxy, nginx and sniproxy as Debian builds them, pinned in debian-packages.json and unpacked in the cache.
 * Owns where their programs lie and how they find their libraries. Never installs anything on the machine.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DebianPins, type UnpackedPackage, unpackPackages } from "../../image/debian.ts";
import { MissingPrerequisite } from "../../image/environment.ts";
import type { Architecture } from "../../image/layout.ts";

export const peerPinsFile = join(import.meta.dirname, "debian-packages.json");

export interface DebianPeers {
  readonly haproxy: string;
  readonly nginx: string;
  /** nginx' module for streams, to load by its full path. */
  readonly nginxStreamModule: string;
  readonly sniproxy: string;
  /** Environment in which the programs find their libraries. */
  readonly environment: Readonly<Record<string, string>>;
  /** Debian's versions, by package. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Throws MissingPrerequisite. `notice` is told of each package that is not the pinned one. */
export function debianPeers(architecture: Architecture, notice: (line: string) => void): DebianPeers {
  const pins: DebianPins = JSON.parse(readFileSync(peerPinsFile, "utf8"));
  const packages = unpackPackages(pins[architecture], architecture, notice);
  const folders = packages.flatMap(({ root }) =>
    globSync("{usr/,}lib/*-linux-gnu*", { cwd: root }).map((path) => join(root, path)),
  );
  return {
    haproxy: fileOf(packages, "haproxy", "usr/sbin/haproxy"),
    nginx: fileOf(packages, "nginx", "usr/sbin/nginx"),
    nginxStreamModule: fileOf(packages, "libnginx-mod-stream", "usr/lib/nginx/modules/ngx_stream_module.so"),
    sniproxy: fileOf(packages, "sniproxy", "usr/sbin/sniproxy"),
    environment: { LD_LIBRARY_PATH: folders.join(":") },
    versions: Object.fromEntries(
      packages.map(({ name, control }) => [name, /^Version: (.*)$/m.exec(control)?.[1] ?? "unknown"]),
    ),
  };
}

function fileOf(packages: readonly UnpackedPackage[], name: string, path: string): string {
  const root = packages.find((each) => each.name === name)?.root ?? "";
  const file = join(root, path);
  if (!existsSync(file)) throw new MissingPrerequisite(`Debian's package ${name} has no ${path}`);
  return file;
}
