/**
 * Identifies the sources of connections: an IPv4 address is one source, and so is the /64 of an IPv6 address, because a client has at
 * least a /64 (RFC 6177, RFC 7934). Pure.
 *
 * A source is a number: a hash of 32 bits, and a bit above it for private addresses. The hash is seeded, so that no client can choose
 * addresses that are counted together with another client's.
 */
import { isIpv4, parseIpAddress } from "../../net/ip-address.ts";

/**
 * Networks in which many clients may share one address: a load balancer or a node translates addresses. A source in them is not
 * counted unless a configuration sets a limit for it.
 */
export const PRIVATE_NETWORKS: readonly string[] = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
  "::1/128",
];

/** See `ClientSources`. */
export type Source = number;

export interface SourceOptions {
  /** Two random numbers, the same in all threads. */
  readonly seed: readonly [number, number];
  /** CIDR blocks. */
  readonly privateNetworks: readonly string[];
}

const PRIVATE_BIT = 2 ** 32;

/** Reports whether the address is in one of the private networks. */
export function isPrivateSource(source: Source): boolean {
  return source >= PRIVATE_BIT;
}

/** Four words of an address, and the mask of a network for each. */
interface Network {
  readonly words: readonly number[];
  readonly masks: readonly number[];
}

const MAPPED_WORD = 0xffff;

export class ClientSources {
  readonly #seed: readonly [number, number];
  readonly #networks: readonly Network[];

  constructor({ seed, privateNetworks }: SourceOptions) {
    this.#seed = seed;
    this.#networks = privateNetworks.map(parseNetwork);
  }

  /** `address`: the 32 bits of an IPv4 address. */
  fromIpv4(address: number): Source {
    const hash = mix(mix(address ^ this.#seed[0]) ^ this.#seed[1]);
    return this.#isPrivate(0, 0, MAPPED_WORD, address | 0) ? hash + PRIVATE_BIT : hash;
  }

  /** Undefined: the text is not an address. */
  fromText(text: string): Source | undefined {
    const address = parseIpAddress(text);
    if (address === undefined) return undefined;
    if (isIpv4(address)) return this.fromIpv4(wordAt(address, 12));
    const [high, low] = [wordAt(address, 0), wordAt(address, 4)];
    const hash = mix(mix(mix(high ^ this.#seed[0]) ^ low) ^ this.#seed[1]);
    return this.#isPrivate(high, low, wordAt(address, 8), wordAt(address, 12)) ? hash + PRIVATE_BIT : hash;
  }

  #isPrivate(a: number, b: number, c: number, d: number): boolean {
    for (const { words, masks } of this.#networks) {
      if (((d ^ at(words, 3)) & at(masks, 3)) !== 0 || ((c ^ at(words, 2)) & at(masks, 2)) !== 0) continue;
      if (((b ^ at(words, 1)) & at(masks, 1)) === 0 && ((a ^ at(words, 0)) & at(masks, 0)) === 0) return true;
    }
    return false;
  }
}

/** @throws RangeError for a text that is not a CIDR block. */
function parseNetwork(text: string): Network {
  const [network = "", prefix = ""] = text.split("/");
  const address = parseIpAddress(network);
  const bits = Number(prefix) + (network.includes(":") ? 0 : 96);
  if (address === undefined || !/^\d{1,3}$/.test(prefix) || bits > 128)
    throw new RangeError(`not a CIDR block: ${text}`);
  const indexes = [0, 1, 2, 3];
  return {
    words: indexes.map((index) => wordAt(address, 4 * index)),
    masks: indexes.map((index) => maskOf(bits - 32 * index)),
  };
}

/** Returns the mask of the first bits of a word. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : ~(0xffffffff >>> bits);
}

function wordAt(address: Uint8Array, index: number): number {
  return (
    (at(address, index) << 24) | (at(address, index + 1) << 16) | (at(address, index + 2) << 8) | at(address, index + 3)
  );
}

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] ?? 0;
}

/** A bijection of 32 bits in which each bit of the input changes about half of the output (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
