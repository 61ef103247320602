/**
 * A private apt: its own lists, cache and state, for any architecture, from the mirrors that the machine's own apt
 * is set to use and with Debian's own key. Owns apt's command line.
 * Never changes anything of the machine's apt, and never installs.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lastLine, MissingPrerequisite, mustRun, run } from "./environment.ts";
import type { Architecture } from "./layout.ts";

/** The Debian release whose packages go into the image, whatever the release of the machine that builds. */
const SUITE = "bookworm";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

export interface Apt {
  /** Downloads `NAME` or `NAME=VERSION` into the folder; answers the file, or undefined where the mirror has it not. */
  download(name: string, folder: string): string | undefined;
  /** Version, SHA-256 (hex) and so on of the packages as the mirror has them now. */
  offers(names: readonly string[]): { name: string; version: string; sha256: string }[];
}

/** Makes the apt in `folder` and fetches its package lists, signed by Debian. Throws MissingPrerequisite. */
export function privateApt(architecture: Architecture, folder: string): Apt {
  for (const part of ["lists/partial", "cache/archives/partial", "state"]) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  writeFileSync(join(folder, "status"), "");
  writeFileSync(join(folder, "sources.list"), sourcesList(machineRepositories()));
  const options = aptOptions(architecture, folder);
  const apt = (args: readonly string[], cwd: string) => run("apt-get", [...options, ...args], cwd);

  const updated = apt(["update", "-q"], folder);
  if (!updated.ok) throw new MissingPrerequisite(`apt cannot fetch its lists: ${lastLine(updated.stderr)}`);
  return {
    download(name, into) {
      const before = new Set(readdirSync(into));
      if (!apt(["download", "-q", name], into).ok) return undefined;
      const fresh = readdirSync(into).find((file) => file.endsWith(".deb") && !before.has(file));
      return fresh === undefined ? undefined : join(into, fresh);
    },
    offers(names) {
      const { ok, stdout, stderr } = apt(["download", "--print-uris", "-q", ...names], folder);
      if (!ok) throw new MissingPrerequisite(`apt cannot find the packages: ${lastLine(stderr)}`);
      return parseOffers(stdout);
    },
  };
}

function aptOptions(architecture: Architecture, folder: string): string[] {
  const settings = {
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    // Root's apt would otherwise download as a user who cannot write to our folder.
    "APT::Sandbox::User": "",
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    "Acquire::Retries": "3",
    "Dir::Cache": join(folder, "cache"),
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "-",
    "Dir::State": join(folder, "state"),
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
  };
  return Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
}

interface Repository {
  readonly uri: string;
  readonly suite: string;
}

/** Where the machine's apt gets packages from, as it says itself. */
function machineRepositories(): Repository[] {
  const listed = mustRun("apt-get", ["indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]);
  return listed.split("\n").flatMap((line) => {
    const [uri, suite] = line.split(" ");
    return uri === undefined || suite === undefined ? [] : [{ uri, suite }];
  });
}

/** The lines of a sources.list with Debian's own suites alone, on the mirrors of `repositories`. */
export function sourcesList(repositories: readonly Repository[]): string {
  const isDebian = ({ uri }: Repository) => /\/debian\/?$/.test(uri);
  const isSecurity = ({ uri }: Repository) => /\/debian-security\/?$/.test(uri);
  const option = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
  const lines = repositories.flatMap((repository) => {
    const suites = isDebian(repository) ? [SUITE, `${SUITE}-updates`] : [];
    if (isSecurity(repository)) suites.push(`${SUITE}-security`);
    return suites.map((suite) => `deb ${option}${repository.uri} ${suite} main\n`);
  });
  if (!repositories.some(isDebian)) {
    throw new MissingPrerequisite(
      "this machine's apt knows no Debian mirror (a sources.list entry that ends in /debian)",
    );
  }
  return [...new Set(lines)].join("");
}

/** Reads `'URI' NAME_VERSION_ARCH.deb SIZE SHA256:HEX` lines; a colon in a version is written %3a there. */
export function parseOffers(printed: string): { name: string; version: string; sha256: string }[] {
  const line = /^'\S+' (\S+?)_(\S+)_[a-z0-9]+\.deb \d+ SHA256:([0-9a-f]{64})$/gm;
  return [...printed.matchAll(line)].map(([, name = "", version = "", sha256 = ""]) => {
    return { name, version: decodeURIComponent(version), sha256 };
  });
}
