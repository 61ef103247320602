/**
 * Writes debian-packages.json anew from what Debian offers today: `node hack/image/pin-debian.ts`.
 * Owns the list of package names. Run it when a build says that a pinned version is gone, and commit the result.
 */
import { writeFileSync } from "node:fs";
import { offeredPins, pinsFile } from "./debian.ts";

/** What node links to; gcc-12-base holds the licence of the three that GCC builds. */
const NAMES = ["gcc-12-base", "libatomic1", "libc6", "libgcc-s1", "libstdc++6"];

const pins = { amd64: offeredPins(NAMES, "amd64"), arm64: offeredPins(NAMES, "arm64") };
writeFileSync(pinsFile, `${JSON.stringify(pins, null, 2)}\n`);
console.log(`${pinsFile} is written`);
