/**
 * Sets of IP addresses, as CIDR blocks of both families (RFC 4632, RFC 4291 section 2.3). Pure.
 */
import { type IpAddress, isIpv4, parseIpAddress } from "../ip-address.ts";

interface Block {
  readonly address: IpAddress;
  /** 0–128, counted in the 16 octets that an address of either family is. */
  readonly bits: number;
}

const PREFIX = /^(0|[1-9]\d{0,2})$/;

/** What a text would have to be to be a CIDR block; undefined when it is one. A sentence's end: "… is no CIDR block: …". */
export function cidrProblem(text: string): string | undefined {
  const block = parseCidr(text);
  if (block === undefined) return "write an address and a prefix length, as 192.0.2.0/24 or 2001:db8::/32";
  if (hasHostBits(block)) return "it has bits set beyond its prefix length";
  return undefined;
}

export class CidrSet {
  readonly #blocks: readonly Block[];

  /** `texts`: CIDR blocks, or addresses that stand for themselves. @throws RangeError for what is neither. */
  constructor(texts: readonly string[]) {
    this.#blocks = texts.map((text) => {
      const block = parseCidr(text);
      if (block === undefined) throw new RangeError(`${JSON.stringify(text)} is no CIDR block`);
      return block;
    });
  }

  has(address: IpAddress): boolean {
    return this.#blocks.some((block) => contains(block, address));
  }
}

function parseCidr(text: string): Block | undefined {
  const [addressText = "", prefixText, ...more] = text.split("/");
  const address = parseIpAddress(addressText);
  if (address === undefined || more.length > 0) return undefined;
  if (prefixText === undefined) return { address, bits: 128 };
  const isMapped = isIpv4(address) && !addressText.includes(":");
  const length = Number(prefixText);
  if (!PREFIX.test(prefixText) || length > (isMapped ? 32 : 128)) return undefined;
  return { address, bits: isMapped ? 96 + length : length };
}

function hasHostBits({ address, bits }: Block): boolean {
  return address.some((octet, index) => (octet & ~maskOf(bits, index) & 0xff) !== 0);
}

function contains({ address, bits }: Block, other: IpAddress): boolean {
  for (let index = 0; 8 * index < bits; index++) {
    if ((((address[index] ?? 0) ^ (other[index] ?? 0)) & maskOf(bits, index)) !== 0) return false;
  }
  return true;
}

/** Which bits of the octet at `index` belong to a prefix of this many bits. */
function maskOf(bits: number, index: number): number {
  const left = Math.min(Math.max(bits - 8 * index, 0), 8);
  return (0xff00 >> left) & 0xff;
}
