/**
 * Reports whether an endpoint is an address of the proxy's own Gateway. A connection to such an endpoint returns to the Gateway,
 * and one client would occupy every slot for connections.
 * Address and port must match: another service at the same address is not own. Pure.
 */
import { type Endpoint, GATEWAY_ADDRESSES } from "../../model/proxy-config.ts";
import { findEmbeddedIpv4 } from "../../net/embedded-ipv4.ts";
import { canonicalIpAddress, formatIpAddress, isIpv4, parseIpAddress } from "../../net/ip-address.ts";
import { findEndpoints, type RouteTable } from "./route-table.ts";

/** The addresses of the machine or Pod in which the proxy runs. */
export interface LocalAddresses {
  /** Addresses on which the ports are bound; 0.0.0.0 and :: are all addresses of their family. */
  readonly bound: readonly string[];
  /** Addresses of the network interfaces. */
  readonly interfaces: readonly string[];
  /** Addresses of the node, whose node ports lead to the Gateway. */
  readonly node: readonly string[];
}

export const NO_LOCAL_ADDRESSES: LocalAddresses = { bound: [], interfaces: [], node: [] };

export class OwnAddresses {
  readonly #ports: ReadonlySet<number>;
  /** Canonical addresses at which the table's ports are bound. */
  readonly #local: ReadonlySet<string>;
  /** Reports whether the ports are bound on every IPv4 address, so on all of 127.0.0.0/8. */
  readonly #hasAllIpv4: boolean;
  /** `<canonical address> <port>` of the endpoints that the configuration lists. */
  readonly #listed: ReadonlySet<string>;
  /** Results by endpoint: endpoints are the same objects while the configuration is, and every connection checks one. */
  readonly #known = new WeakMap<Endpoint, boolean>();

  constructor(table: RouteTable, { bound, interfaces, node }: LocalAddresses) {
    this.#ports = new Set([...table.ports.keys()].map(Number));
    this.#hasAllIpv4 = bound.includes("0.0.0.0");
    this.#local = new Set(canonicalOf([...bound, ...interfaces.filter((address) => isBoundOn(address, bound))]));
    this.#listed = new Set(
      (findEndpoints(table, GATEWAY_ADDRESSES)?.endpoints ?? []).flatMap(({ address, port }) => {
        const addresses = isUnspecified(address) ? node : [address];
        return canonicalOf(addresses).map((one) => `${one} ${port}`);
      }),
    );
  }

  isOwn(endpoint: Endpoint): boolean {
    const known = this.#known.get(endpoint);
    if (known !== undefined) return known;
    const isOwn = this.#find(endpoint);
    this.#known.set(endpoint, isOwn);
    return isOwn;
  }

  #find({ address, port }: Endpoint): boolean {
    return dialledAddresses(address).some(
      (one) =>
        this.#listed.has(`${one} ${port}`) ||
        (this.#ports.has(port) && (this.#local.has(one) || (this.#hasAllIpv4 && one.startsWith("127.")))),
    );
  }
}

function isBoundOn(address: string, bound: readonly string[]): boolean {
  return bound.includes(address.includes(":") ? "::" : "0.0.0.0");
}

function canonicalOf(addresses: readonly string[]): readonly string[] {
  // A zone identifies an interface of this machine; the address is the same without it.
  return addresses.flatMap((address) => dialledAddresses(address.replace(/%.*$/, "")).slice(0, 1));
}

/**
 * Returns the canonical form of the address that a connect to this one reaches, and IPv4 addresses to which a translator may forward
 * it. A connect to an unspecified address reaches loopback. Empty for a text that is not an address.
 */
function dialledAddresses(address: string): readonly string[] {
  const parsed = parseIpAddress(address);
  if (parsed === undefined) return [];
  if (isUnspecified(address)) return [isIpv4(parsed) ? "127.0.0.1" : "::1"];
  return [parsed, ...findEmbeddedIpv4(parsed)].map(formatIpAddress);
}

function isUnspecified(address: string): boolean {
  const canonical = canonicalIpAddress(address);
  return canonical === "0.0.0.0" || canonical === "::";
}
