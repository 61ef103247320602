/**
 * Decides which addresses an external host may resolve to. A route's author names the host, and the owner of its DNS zone names the
 * address: neither may reach what only the proxy's own machine can reach (server-side request forgery).
 *
 * Each rule for IPv4 holds for every form of IPv6 in which an IPv4 address is embedded. Private networks are allowed unless they
 * are denied: databases and services outside the cluster use them. No I/O; the caller passes the proxy's own addresses.
 */
import { DEFAULT_DENIED_CIDRS } from "../../model/external-hosts.ts";
import { CidrSet } from "../../net/cidr.ts";
import { findEmbeddedIpv4 } from "../../net/embedded-ipv4.ts";
import { formatIpAddress, parseIpAddress } from "../../net/ip-address.ts";

/** Denied by every proxy, whatever its configuration says. */
const ALWAYS_DENIED_CIDRS = [
  "0.0.0.0/8", // unspecified and "this network", which Linux treats as loopback (RFC 1122 section 3.2.1.3)
  "127.0.0.0/8", // loopback
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, with the broadcast address (RFC 1112)
  "::/96", // unspecified, loopback, and the deprecated IPv4-compatible form (RFC 4291 section 2.5.5.1)
  "ff00::/8", // multicast
];

/** Reason why an address must not be dialled. */
export type AddressDenial =
  | { readonly reason: "not_an_address" }
  /** It belongs to the proxy's own machine: the connection would return to the proxy. */
  | { readonly reason: "own_address" }
  /** Loopback, unspecified, multicast or reserved. */
  | { readonly reason: "special_address" }
  /** `cidr`: of the configuration, or a default one. */
  | { readonly reason: "denied_cidr"; readonly cidr: string };

/** The ranges that a configuration denies, and those that are always denied, parsed once. */
export class DeniedRanges {
  readonly #cidrs: readonly string[];
  readonly #always = new CidrSet(ALWAYS_DENIED_CIDRS);
  readonly #denied: CidrSet;

  /** @throws RangeError for a text that is not a CIDR block. */
  constructor(cidrs: readonly string[] = DEFAULT_DENIED_CIDRS) {
    this.#cidrs = cidrs;
    this.#denied = new CidrSet(cidrs);
  }

  /** `addresses`: the texts of one address: itself and its embedded addresses. */
  findDenial(addresses: readonly string[]): AddressDenial | undefined {
    if (addresses.some((address) => this.#always.has(address))) return { reason: "special_address" };
    const denied = addresses.find((address) => this.#denied.has(address));
    return denied === undefined ? undefined : { reason: "denied_cidr", cidr: this.#findCidr(denied) };
  }

  /** A set does not report which of its blocks matched. */
  #findCidr(address: string): string {
    return this.#cidrs.find((cidr) => new CidrSet([cidr]).has(address)) ?? address;
  }
}

export interface AddressGuardOptions {
  /** Addresses of the proxy's interfaces; a zone is ignored. */
  readonly ownAddresses: Iterable<string>;
  readonly deniedRanges: DeniedRanges;
}

export class AddressGuard {
  readonly #own: ReadonlySet<string>;
  readonly #deniedRanges: DeniedRanges;

  constructor({ ownAddresses, deniedRanges }: AddressGuardOptions) {
    this.#own = new Set(Array.from(ownAddresses, canonicalWithoutZone));
    this.#deniedRanges = deniedRanges;
  }

  /** Returns why the address must not be dialled; undefined if it may be. */
  findDenial(address: string): AddressDenial | undefined {
    const parsed = parseIpAddress(address);
    if (parsed === undefined) return { reason: "not_an_address" };
    const texts = [parsed, ...findEmbeddedIpv4(parsed)].map(formatIpAddress);
    if (texts.some((text) => this.#own.has(text))) return { reason: "own_address" };
    return this.#deniedRanges.findDenial(texts);
  }
}

function canonicalWithoutZone(address: string): string {
  const parsed = parseIpAddress(address.replace(/%.*$/, ""));
  return parsed === undefined ? address : formatIpAddress(parsed);
}

/** Formats the end of a message about an address: "…, which is loopback, …". */
export function describeDenial(denial: AddressDenial): string {
  switch (denial.reason) {
    case "not_an_address":
      return "is not an IP address";
    case "own_address":
      return "is the proxy itself";
    case "special_address":
      return "is a loopback, unspecified, multicast or reserved address";
    case "denied_cidr":
      return `is in the denied range ${denial.cidr}`;
  }
}
