/**
 * Reports whether an endpoint is an address of the proxy's own Gateway. A connection to such an endpoint comes back to the Gateway,
 * and one client would occupy every slot for connections.
 * An endpoint is own by address and port: another service at the same address is not. Pure.
 */
import { type Endpoint, GATEWAY_ADDRESSES } from "../../model/proxy-config.ts";
import { formatIpAddress, isIpv4, parseIpAddress } from "../ip-address.ts";
import { findEndpoints, type RouteTable } from "./route-table.ts";

/** The addresses of the machine or Pod in which the proxy runs. */
export interface LocalAddresses {
  /** Addresses on which the ports are bound; 0.0.0.0 and :: are all addresses of their family. */
  readonly bound: readonly string[];
  /** Addresses of the network interfaces. */
  readonly interfaces: readonly string[];
  /** Addresses of the node, at which node ports lead to the Gateway. */
  readonly node: readonly string[];
}

export const NO_LOCAL_ADDRESSES: LocalAddresses = { bound: [], interfaces: [], node: [] };

export class OwnAddresses {
  readonly #ports: ReadonlySet<number>;
  /** Canonical addresses at which the table's ports are bound. */
  readonly #local: ReadonlySet<string>;
  /** Reports whether the ports are bound on every IPv4 address, so on all of 127.0.0.0/8. */
  readonly #hasAllIpv4: boolean;
  /** `<canonical address> <port>` of what the configuration lists. */
  readonly #listed: ReadonlySet<string>;
  /** Endpoints are the same objects while the configuration is, and are asked for with every connection. */
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
    const canonical = dialledAddress(address);
    if (canonical === undefined) return false;
    if (this.#listed.has(`${canonical} ${port}`)) return true;
    if (!this.#ports.has(port)) return false;
    return this.#local.has(canonical) || (this.#hasAllIpv4 && canonical.startsWith("127."));
  }
}

function isBoundOn(address: string, bound: readonly string[]): boolean {
  return bound.includes(address.includes(":") ? "::" : "0.0.0.0");
}

/** An unspecified address in the list of what is bound stands for loopback too. */
function canonicalOf(addresses: readonly string[]): readonly string[] {
  return addresses.flatMap((address) => dialledAddress(address) ?? []);
}

/** The address that the kernel connects to, in its one spelling; a connect to an unspecified address goes to loopback. */
function dialledAddress(address: string): string | undefined {
  // A zone means an interface of this machine; the address is the same without it.
  const parsed = parseIpAddress(address.replace(/%.*$/, ""));
  if (parsed === undefined) return undefined;
  if (isUnspecified(address)) return isIpv4(parsed) ? "127.0.0.1" : "::1";
  return formatIpAddress(parsed);
}

function isUnspecified(address: string): boolean {
  const parsed = parseIpAddress(address);
  return parsed !== undefined && (isIpv4(parsed) ? parsed.subarray(12) : parsed).every((octet) => octet === 0);
}
