/**
 * Sets of IP addresses as CIDR blocks of both families (RFC 4632, RFC 4291 section 2.3), held in Node's BlockList. Pure: a BlockList
 * is memory.
 *
 * An IPv4 address and its mapped form are the same address, so a block of IPv6 that covers `::ffff:0:0/96` covers IPv4 too.
 */
import { BlockList } from "node:net";
import { fromIpv4, type IpAddress, ipFamily, parseIpAddress } from "./ip-address.ts";

interface CidrBlock {
  /** The text as written. */
  readonly network: string;
  readonly address: IpAddress;
  readonly family: 4 | 6;
  /** At most 32 for IPv4 and 128 for IPv6. */
  readonly prefixBits: number;
}

const MAPPED_NETWORK = fromIpv4([0, 0, 0, 0]);
const PREFIX = /^(0|[1-9]\d{0,2})$/;

/** Returns why a text is not a CIDR block, as the end of a message ("… is not a CIDR block: …"); undefined if it is one. */
export function cidrProblem(text: string): string | undefined {
  const block = parseCidr(text);
  if (block === undefined) return "write an address and a prefix length, as 192.0.2.0/24 or 2001:db8::/32";
  if (hasHostBits(block)) return "it has bits set beyond its prefix length";
  return undefined;
}

export class CidrSet {
  readonly #blocks = new BlockList();
  /** IPv6 blocks that contain mapped IPv4 addresses. BlockList compares them with mapped texts only. */
  #hasMappedBlocks = false;

  /** `texts`: CIDR blocks, or single addresses. @throws RangeError for another text. */
  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      const block = parseCidr(text);
      if (block === undefined) throw new RangeError(`${JSON.stringify(text)} is not a CIDR block`);
      this.#blocks.addSubnet(block.network, block.prefixBits, block.family === 4 ? "ipv4" : "ipv6");
      if (block.family === 6 && meetsMapped(block)) this.#hasMappedBlocks = true;
    }
  }

  /** Reports whether a block contains the address. A text of family 0, which is not an address, is in no block. */
  has(address: string, family = ipFamily(address)): boolean {
    if (family === 0) return false;
    if (family === 6) return this.#blocks.check(address, "ipv6");
    if (this.#blocks.check(address, "ipv4")) return true;
    return this.#hasMappedBlocks && this.#blocks.check(`::ffff:${address}`, "ipv6");
  }
}

function parseCidr(text: string): CidrBlock | undefined {
  const [network = "", prefix, ...more] = text.split("/");
  const address = parseIpAddress(network);
  if (address === undefined || more.length > 0) return undefined;
  const family = network.includes(":") ? 6 : 4;
  const longest = family === 4 ? 32 : 128;
  if (prefix === undefined) return { network, address, family, prefixBits: longest };
  const prefixBits = Number(prefix);
  return PREFIX.test(prefix) && prefixBits <= longest ? { network, address, family, prefixBits } : undefined;
}

function hasHostBits({ address, family, prefixBits }: CidrBlock): boolean {
  const bits = family === 4 ? 96 + prefixBits : prefixBits;
  return address.some((byte, index) => (byte & ~maskOf(bits, index) & 0xff) !== 0);
}

/** Reports whether a block and `::ffff:0:0/96` overlap. Then one contains the other. */
function meetsMapped({ address, prefixBits }: CidrBlock): boolean {
  const bits = Math.min(prefixBits, 96);
  return address.every((byte, index) => ((byte ^ (MAPPED_NETWORK[index] ?? 0)) & maskOf(bits, index)) === 0);
}

/** Returns the bits of the byte at `index` that belong to a prefix of `bits` bits. */
function maskOf(bits: number, index: number): number {
  const left = Math.min(Math.max(bits - 8 * index, 0), 8);
  return (0xff00 >> left) & 0xff;
}
