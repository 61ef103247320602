/**
 * A hash for spreading, not for secrets: FNV-1a (RFC 9923) whose bits are mixed at the end as MurmurHash3 does, so that texts that
 * differ in their last digit land far apart. Pure.
 */

/** Unsigned 32 bits. Another `seed` makes another hash. */
export function hash32(bytes: ArrayLike<number>, seed = 0): number {
  let value = 0x811c9dc5 ^ seed;
  for (let index = 0; index < bytes.length; index++) value = Math.imul(value ^ (bytes[index] ?? 0), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
