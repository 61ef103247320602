/**
 * Finds IPv4 addresses inside an IPv6 address: a translator, tunnel or kernel may forward a connection to them. A rule that denies
 * an IPv4 address must deny every such form of it. Pure.
 */
import { fromIpv4, type IpAddress, isIpv4 } from "./ip-address.ts";

/** Returns every IPv4 address to which the address may lead. For an IPv4 address, mapped or not, that is the address itself. */
export function findEmbeddedIpv4(address: IpAddress): readonly IpAddress[] {
  if (isIpv4(address)) return [address];
  const read = (...indexes: readonly [number, number, number, number]) =>
    fromIpv4(indexes.map((index) => address[index] ?? 0));
  // Compatible (RFC 4291 section 2.5.5.1) and translated (RFC 2765 section 2.1) forms, and NAT64 (RFC 6052 section 2.1).
  if (startsWith(address, COMPATIBLE) || startsWith(address, TRANSLATED) || startsWith(address, NAT64)) {
    return [read(12, 13, 14, 15)];
  }
  // Local-use NAT64 (RFC 8215). Its prefix has 48, 56, 64 or 96 bits (RFC 6052 section 2.2); byte 8 is skipped.
  if (startsWith(address, LOCAL_NAT64)) {
    const shorter = [read(6, 7, 9, 10), read(7, 9, 10, 11), read(9, 10, 11, 12)];
    // With a longer prefix, the shorter ones read its zeros, and 0.0.0.0/8 is not a destination.
    return [...shorter.filter((found) => found[12] !== 0), read(12, 13, 14, 15)];
  }
  // 6to4 (RFC 3056 section 2).
  if (startsWith(address, SIX_TO_FOUR)) return [read(2, 3, 4, 5)];
  // Teredo (RFC 4380 section 4): the server, and the client with its bits inverted.
  if (startsWith(address, TEREDO)) return [read(4, 5, 6, 7), fromIpv4(address.subarray(12).map((byte) => ~byte))];
  // ISATAP (RFC 5214 section 6.1), under any prefix.
  const isIsatap =
    ((address[8] ?? 0) & ~0x02) === 0 && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe;
  return isIsatap ? [read(12, 13, 14, 15)] : [];
}

const COMPATIBLE = new Uint8Array(12);
const TRANSLATED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0);
const NAT64 = Uint8Array.of(0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0);
const LOCAL_NAT64 = Uint8Array.of(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01);
const SIX_TO_FOUR = Uint8Array.of(0x20, 0x02);
const TEREDO = Uint8Array.of(0x20, 0x01, 0, 0);

function startsWith(address: IpAddress, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => address[index] === byte);
}
