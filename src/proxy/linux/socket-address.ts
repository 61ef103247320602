/**
 * Addresses as the kernel has them (struct sockaddr_in and sockaddr_in6, ip(7) and ipv6(7)), to and from text.
 *
 * Pure. IPv6 text is written as RFC 5952 wants it; zones have no place in a configuration and are neither read nor written.
 */

import { formatIpv6, parseIpAddress } from "../../net/ip-address.ts";
import type { ClientSources, Source } from "../admit/client-sources.ts";

/** Both structures begin with the family, in the machine's order, which is little-endian on x86-64 and arm64. */
const AF_INET = 2;
const AF_INET6 = 10;
const IPV4_BYTES = 16;
const IPV6_BYTES = 28;
/** Room for either, a multiple of eight. */
export const SOCKET_ADDRESS_BYTES = 32;

/** The structure's bytes: 16 for IPv4, 28 for IPv6. Undefined: the text is no address. */
export function encodeSocketAddress(address: string, port: number): Uint8Array | undefined {
  const parsed = parseIpAddress(address);
  if (parsed === undefined) return undefined;
  // The family of the text counts: a mapped address belongs to an IPv6 socket.
  const isIpv6 = address.includes(":");
  const bytes = new Uint8Array(isIpv6 ? IPV6_BYTES : IPV4_BYTES);
  bytes[0] = isIpv6 ? AF_INET6 : AF_INET;
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  bytes.set(isIpv6 ? parsed : parsed.subarray(12), isIpv6 ? 8 : 4);
  return bytes;
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`; of a family that is neither, `unknown:0`. */
export function formatSocketAddress(bytes: Uint8Array): string {
  const family = byteAt(bytes, 0) | (byteAt(bytes, 1) << 8);
  const port = (byteAt(bytes, 2) << 8) | byteAt(bytes, 3);
  if (family === AF_INET) {
    return `${byteAt(bytes, 4)}.${byteAt(bytes, 5)}.${byteAt(bytes, 6)}.${byteAt(bytes, 7)}:${port}`;
  }
  return family === AF_INET6 ? `[${formatIpv6(bytes.subarray(8, 24))}]:${port}` : "unknown:0";
}

/**
 * A peer's address as it is kept while nobody asks for its text: of IPv4 a number, the address in the bits above 16 and the port
 * below; of anything else the text.
 */
export type PackedAddress = number | string;

export function packSocketAddress(bytes: Uint8Array): PackedAddress {
  if (byteAt(bytes, 0) !== AF_INET || byteAt(bytes, 1) !== 0) return formatSocketAddress(bytes);
  const port = (byteAt(bytes, 2) << 8) | byteAt(bytes, 3);
  const host = (byteAt(bytes, 4) << 24) | (byteAt(bytes, 5) << 16) | (byteAt(bytes, 6) << 8) | byteAt(bytes, 7);
  return (host >>> 0) * 0x10000 + port;
}

/** As `formatSocketAddress` writes it. */
export function unpackSocketAddress(packed: PackedAddress): string {
  if (typeof packed === "string") return packed;
  const host = Math.floor(packed / 0x10000);
  return `${host >>> 24}.${(host >>> 16) & 0xff}.${(host >>> 8) & 0xff}.${host & 0xff}:${packed % 0x10000}`;
}

/** Source of the client; undefined for another address family. */
export function sourceOf(packed: PackedAddress, sources: ClientSources): Source | undefined {
  if (typeof packed === "number") return sources.fromIpv4(Math.floor(packed / 0x10000));
  return sources.fromText(packed.slice(1, packed.lastIndexOf("]")));
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
