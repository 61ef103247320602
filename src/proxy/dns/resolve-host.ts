/**
 * One look-up of an external host: both address families at once, and the guard over what they say.
 *
 * It asks DNS and keeps nothing; when to ask again is the business of external-hosts.ts.
 */
import { isIP } from "node:net";
import type { HostFailure } from "../../model/proxy-report.ts";
import { isDnsName } from "../dns-name.ts";
import type { AddressGuard } from "./address-guard.ts";

export interface AddressRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** The part of `node:dns/promises` Resolver that is used. It rejects with an Error whose `code` is that of c-ares. */
export interface Resolver {
  resolve4(host: string, options: { readonly ttl: true }): Promise<readonly AddressRecord[]>;
  resolve6(host: string, options: { readonly ttl: true }): Promise<readonly AddressRecord[]>;
}

/** At least one address in all. */
export interface ResolvedHost {
  readonly ipv6: readonly string[];
  readonly ipv4: readonly string[];
  /** The smallest TTL of the records; infinite for an address literal. */
  readonly ttlMs: number;
}

export interface FailedHost {
  readonly reason: HostFailure;
  /** One sentence for the route's status. */
  readonly message: string;
}

export type HostAnswer = ResolvedHost | FailedHost;

export async function resolveHost(resolver: Resolver, isForbidden: AddressGuard, host: string): Promise<HostAnswer> {
  if (isIP(host) !== 0) return guarded(host, isForbidden, [{ address: host, ttl: Number.POSITIVE_INFINITY }]);
  // Names in Kubernetes objects are not always lower case, and a trailing dot is legal.
  const name = host.toLowerCase().replace(/\.$/, "");
  if (!isDnsName(name)) return failed("name_not_found", `${JSON.stringify(host)} is no legal host name`);
  const [six, four] = await Promise.allSettled([
    resolver.resolve6(name, { ttl: true }),
    resolver.resolve4(name, { ttl: true }),
  ]);
  const records = [six, four].flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  if (records.length > 0) return guarded(host, isForbidden, records);
  return failureOf(host, [six, four]);
}

/** One family may fail and the other answer, so both count: what may pass soon outweighs what is settled. */
function failureOf(host: string, results: readonly PromiseSettledResult<unknown>[]): FailedHost {
  const codes = results.map((result) => (result.status === "rejected" ? errorCode(result.reason) : "ENODATA"));
  if (codes.includes("ETIMEOUT")) return failed("dns_timeout", `DNS did not answer for ${host} in time`);
  const odd = codes.find((code) => code !== "ENODATA" && code !== "ENOTFOUND");
  if (odd !== undefined) return failed("dns_failed", `DNS failed for ${host}: ${odd}`);
  if (codes.includes("ENODATA")) return failed("no_address", `${host} exists but has no A or AAAA record`);
  return failed("name_not_found", `${host} does not exist in DNS`);
}

function guarded(host: string, isForbidden: AddressGuard, records: readonly AddressRecord[]): HostAnswer {
  const allowed = records.filter(({ address }) => !isForbidden(address));
  if (allowed.length === 0) {
    const addresses = records.map(({ address }) => address).join(", ");
    const why = "which is the proxy itself, loopback, link-local, multicast or a metadata service";
    return failed("address_forbidden", `${host} resolves to ${addresses}, ${why}`);
  }
  return {
    ipv6: allowed.map(({ address }) => address).filter((address) => isIP(address) === 6),
    ipv4: allowed.map(({ address }) => address).filter((address) => isIP(address) === 4),
    ttlMs: 1_000 * Math.min(...allowed.map(({ ttl }) => ttl)),
  };
}

function failed(reason: HostFailure, message: string): FailedHost {
  return { reason, message };
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}
