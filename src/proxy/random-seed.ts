import { randomBytes } from "node:crypto";

/** Returns 32 random bits, for hashes whose results must not be predictable. */
export function randomSeed(): number {
  return randomBytes(4).readUInt32LE();
}
