/**
 * Writes debian-packages.json anew from what Debian offers today: `node hack/bench/peers/pin-debian.ts`.
 * Owns the list of package names. Run it to measure against newer peers, and commit the result.
 */
import { writeFileSync } from "node:fs";
import { offeredPins } from "../../image/debian.ts";
import { peerPinsFile } from "./debian-peers.ts";

const PROGRAMS = ["haproxy", "libnginx-mod-stream", "nginx", "sniproxy"];
/** What they link to, but for the C library and what stands beside it: those are the machine's own. */
const LIBRARIES = [
  "libcap2",
  "libcrypt1",
  "libev4",
  "libgcrypt20",
  "libgpg-error0",
  "liblua5.3-0",
  "liblz4-1",
  "liblzma5",
  "libopentracing-c-wrapper0",
  "libopentracing1",
  "libpcre2-8-0",
  "libpcre3",
  "libssl3",
  "libsystemd0",
  "libudns0",
  "libzstd1",
  "zlib1g",
];

const names = [...PROGRAMS, ...LIBRARIES];
const pins = { amd64: offeredPins(names, "amd64"), arm64: offeredPins(names, "arm64") };
writeFileSync(peerPinsFile, `${JSON.stringify(pins, null, 2)}\n`);
console.log(`${peerPinsFile} is written`);
