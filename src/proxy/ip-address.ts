/**
 * IP addresses as bytes: read from text, written as text, alike for both families.
 *
 * Pure. An address is its 16 octets of IPv6; IPv4 is held in its mapped form `::ffff:0:0/96` (RFC 4291 section 2.5.5.2), so that
 * an address and the mapped form of it, as a dual-stack socket tells it, are the same.
 */
export type IpAddress = Uint8Array;

const OCTETS = 16;
/** The octets before an IPv4 address in its mapped form. */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;
/** No leading zeros: to some programs they mean octal (RFC 6943 section 3.1.1). */
const IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** Undefined: it is no address. A zone (`fe80::1%eth0`) means nothing on another machine and is no part of one. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.includes(":")) return parseIpv6(text);
  return IPV4.test(text) ? fromIpv4(text.split(".").map(Number)) : undefined;
}

/** Dotted for IPv4, mapped or not; else the one text of RFC 5952. */
export function formatIpAddress(address: IpAddress): string {
  if (isIpv4(address)) return address.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => group(address, index));
  const zeros = longestZeros(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((value) => value.toString(16))
      .join(":");
  return zeros === undefined ? text(0, 8) : `${text(0, zeros.from)}::${text(zeros.to, 8)}`;
}

export function isIpv4(address: IpAddress): boolean {
  return MAPPED_PREFIX.every((octet, index) => address[index] === octet);
}

/** From the four octets of IPv4. */
export function fromIpv4(octets: ArrayLike<number>): IpAddress {
  const address = new Uint8Array(OCTETS);
  address.set(MAPPED_PREFIX);
  address.set(octets, MAPPED_PREFIX.length);
  return address;
}

function parseIpv6(text: string): IpAddress | undefined {
  const lastColon = text.lastIndexOf(":");
  const tail = text.slice(lastColon + 1);
  if (tail.includes(".")) {
    if (!IPV4.test(tail)) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = tail.split(".").map(Number);
    const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    return parseIpv6(text.slice(0, lastColon + 1) + hex);
  }
  const [head = "", rest, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const before = groupsOf(head);
  const after = groupsOf(rest ?? "");
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  // "::" stands for at least one group.
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const address = new Uint8Array(OCTETS);
  [...before, ...new Array<number>(missing).fill(0), ...after].forEach((value, index) => {
    address[2 * index] = value >> 8;
    address[2 * index + 1] = value & 0xff;
  });
  return address;
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((one) => GROUP.test(one)) ? groups.map((one) => Number.parseInt(one, 16)) : undefined;
}

function group(address: IpAddress, index: number): number {
  return ((address[2 * index] ?? 0) << 8) | (address[2 * index + 1] ?? 0);
}

/** The first of the longest runs of two or more zero groups. */
function longestZeros(groups: readonly number[]): { from: number; to: number } | undefined {
  let longest: { from: number; to: number } | undefined;
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (groups[to] === 0) to++;
    if (to - from > Math.max(1, longest === undefined ? 0 : longest.to - longest.from)) longest = { from, to };
    from = Math.max(from, to);
  }
  return longest;
}
