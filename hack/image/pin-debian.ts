/**
 * Writes debian-packages.json anew from what Debian offers today: `node hack/image/pin-debian.ts`.
 * Owns the list of package names. Run it when a build says that a pinned version is gone, and commit the result.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { privateApt } from "./apt.ts";
import { type PinnedPackage, pinsFile } from "./debian.ts";
import type { Architecture } from "./layout.ts";

/** What node links to; gcc-12-base holds the licence of the three that GCC builds. */
const NAMES = ["gcc-12-base", "libatomic1", "libc6", "libgcc-s1", "libstdc++6"];

function pins(architecture: Architecture): PinnedPackage[] {
  const folder = mkdtempSync(join(tmpdir(), "fsm-gateway-apt-"));
  try {
    const found = privateApt(architecture, folder).offers(NAMES);
    const missing = NAMES.filter((name) => !found.some((each) => each.name === name));
    if (missing.length > 0) throw new Error(`apt offers no ${missing.join(", ")} for ${architecture}`);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

writeFileSync(pinsFile, `${JSON.stringify({ amd64: pins("amd64"), arm64: pins("arm64") }, null, 2)}\n`);
console.log(`${pinsFile} is written`);
