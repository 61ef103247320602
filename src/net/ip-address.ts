/**
 * Parses and formats IP addresses. Node's `isIP` is the only grammar of this codebase: an IPv4 address has no leading zeros, which some
 * programs read as octal (RFC 6943 section 3.1.1), and an IPv6 address has no zone, which is only valid on one machine.
 *
 * An address has the 16 bytes of IPv6. An IPv4 address has its mapped form `::ffff:0:0/96` (RFC 4291 section 2.5.5.2), so both texts
 * of it are the same address. Pure: the result of `isIP` depends on its argument only.
 */
import { isIP } from "node:net";

export type IpAddress = Uint8Array;

const ADDRESS_BYTES = 16;
/** The bytes before an IPv4 address in its mapped form. */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;
const DOT = 46;
const DIGIT_ZERO = 48;

/** Returns the family of an address as written: 4, 6, or 0 for a text that is not an address. `::ffff:192.0.2.1` has family 6. */
export function ipFamily(text: string): 0 | 4 | 6 {
  const family = isIP(text);
  if (family === 6) return text.includes("%") ? 0 : 6;
  return family === 4 ? 4 : 0;
}

export function isIpAddress(text: string): boolean {
  return ipFamily(text) !== 0;
}

/** Parses an address; undefined for a text that is not one. */
export function parseIpAddress(text: string): IpAddress | undefined {
  const family = ipFamily(text);
  if (family === 0) return undefined;
  const address = new Uint8Array(ADDRESS_BYTES);
  if (family === 4) {
    address.set(MAPPED_PREFIX);
    writeIpv4(text, address, 12);
  } else {
    writeIpv6(text, address);
  }
  return address;
}

/** Formats an address: dotted for IPv4, mapped or not; otherwise the text of RFC 5952. */
export function formatIpAddress(address: IpAddress): string {
  return isIpv4(address) ? address.subarray(12).join(".") : formatIpv6(address);
}

/** Formats an address as in RFC 5952 section 4, without dots for IPv4-mapped addresses. */
export function formatIpv6(address: IpAddress): string {
  const groups = Array.from({ length: 8 }, (_, index) => readGroup(address, index));
  const zeros = findLongestZeros(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((value) => value.toString(16))
      .join(":");
  return zeros === undefined ? text(0, 8) : `${text(0, zeros.from)}::${text(zeros.to, 8)}`;
}

/** Returns the same text for equal addresses; undefined for a text that is not an address. */
export function canonicalIpAddress(text: string): string | undefined {
  const address = parseIpAddress(text);
  return address && formatIpAddress(address);
}

export function isIpv4(address: IpAddress): boolean {
  return MAPPED_PREFIX.every((byte, index) => address[index] === byte);
}

/** Builds an address from the four bytes of IPv4. */
export function fromIpv4(bytes: ArrayLike<number>): IpAddress {
  const address = new Uint8Array(ADDRESS_BYTES);
  address.set(MAPPED_PREFIX);
  address.set(bytes, MAPPED_PREFIX.length);
  return address;
}

/** Writes the four bytes of `text`, a valid IPv4 address. */
function writeIpv4(text: string, target: Uint8Array, offset: number): void {
  let value = 0;
  let at = offset;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      target[at++] = value;
      value = 0;
    } else {
      value = 10 * value + code - DIGIT_ZERO;
    }
  }
  target[at] = value;
}

/** Writes the bytes of `text`, a valid IPv6 address. `target` contains zeros only. */
function writeIpv6(text: string, target: Uint8Array): void {
  const gap = text.indexOf("::");
  if (gap === -1) {
    writeGroups(text, target, 0);
    return;
  }
  writeGroups(text.slice(0, gap), target, 0);
  const tail = text.slice(gap + 2);
  writeGroups(tail, target, ADDRESS_BYTES - countBytes(tail));
}

function countBytes(groups: string): number {
  if (groups === "") return 0;
  return 2 * groups.split(":").length + (groups.includes(".") ? 2 : 0);
}

function writeGroups(groups: string, target: Uint8Array, offset: number): void {
  if (groups === "") return;
  let at = offset;
  for (const group of groups.split(":")) {
    if (group.includes(".")) {
      writeIpv4(group, target, at);
    } else {
      const value = Number.parseInt(group, 16);
      target[at++] = value >> 8;
      target[at++] = value & 0xff;
    }
  }
}

function readGroup(address: IpAddress, index: number): number {
  return ((address[2 * index] ?? 0) << 8) | (address[2 * index + 1] ?? 0);
}

/** Finds the first of the longest runs of two or more zero groups. */
function findLongestZeros(groups: readonly number[]): { from: number; to: number } | undefined {
  let longest: { from: number; to: number } | undefined;
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (groups[to] === 0) to++;
    if (to - from > Math.max(1, longest === undefined ? 0 : longest.to - longest.from)) longest = { from, to };
    from = Math.max(from, to);
  }
  return longest;
}
