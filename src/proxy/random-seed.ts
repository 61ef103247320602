import { randomBytes } from "node:crypto";

/** Returns 32 random bits, for hashes whose results must not be foreseen. */
export function randomSeed(): number {
  return randomBytes(4).readUInt32LE();
}
