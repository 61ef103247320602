/**
 * One look-up of an external host: both address families at once, and the guard over what they say.
 *
 * It asks DNS and keeps nothing; when to ask again is the business of external-hosts.ts.
 */
import type { HostFailure } from "../../model/proxy-report.ts";
import { ipFamily, isIpAddress } from "../../net/ip-address.ts";
import { isDnsName } from "../dns-name.ts";
import { type AddressGuard, describeDenial } from "./address-guard.ts";

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

/**
 * Maximum number of addresses of one host that are checked and kept, per family and in total. The owner of a zone decides how many there
 * are, up to thousands, and every address costs memory and time in each worker.
 */
const MAX_ADDRESSES = 32;
/** Number of addresses in a message. */
const MAX_NAMED_ADDRESSES = 3;

/** At least one address and at most 32 in total. */
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

/** `guard` is called after DNS has responded: the denied ranges and the proxy's own addresses may have changed by then. */
export async function resolveHost(resolver: Resolver, guard: () => AddressGuard, host: string): Promise<HostAnswer> {
  if (isIpAddress(host)) return checkAddresses(host, guard(), [{ address: host, ttl: Number.POSITIVE_INFINITY }]);
  // Names in Kubernetes objects are not always lower case, and a trailing dot is legal.
  const name = host.toLowerCase().replace(/\.$/, "");
  if (!isDnsName(name)) return failed("name_not_found", `${JSON.stringify(host)} is no legal host name`);
  const [six, four] = await Promise.allSettled([
    resolver.resolve6(name, { ttl: true }),
    resolver.resolve4(name, { ttl: true }),
  ]);
  // One family must not displace the other: each is truncated separately before the guard checks them.
  const records = [six, four].flatMap((result) =>
    result.status === "fulfilled" ? result.value.slice(0, MAX_ADDRESSES) : [],
  );
  if (records.length > 0) return checkAddresses(host, guard(), records);
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

function checkAddresses(host: string, guard: AddressGuard, records: readonly AddressRecord[]): HostAnswer {
  const denials: string[] = [];
  const allowed = records.filter(({ address }) => {
    const denial = guard.findDenial(address);
    if (denial !== undefined) denials.push(`${address} ${describeDenial(denial)}`);
    return denial === undefined;
  });
  if (allowed.length === 0) return failed("address_forbidden", deniedMessage(host, denials));
  const ofFamily = (family: 4 | 6) => allowed.filter(({ address }) => ipFamily(address) === family);
  const [six, four] = keepMostOfBoth(ofFamily(6), ofFamily(4));
  const kept = [...six, ...four];
  return {
    ipv6: six.map(({ address }) => address),
    ipv4: four.map(({ address }) => address),
    ttlMs: 1_000 * Math.min(...kept.map(({ ttl }) => ttl)),
  };
}

/** Removes the addresses that are denied now from an earlier response. */
export function recheckAnswer(host: string, guard: AddressGuard, answer: HostAnswer): HostAnswer {
  if ("reason" in answer) return answer;
  const ttl = answer.ttlMs / 1_000;
  const records = [...answer.ipv6, ...answer.ipv4].map((address) => ({ address, ttl }));
  return checkAddresses(host, guard, records);
}

/** Returns at most 32 addresses. Each family gets at least half of them if it has enough. */
function keepMostOfBoth<T>(one: readonly T[], other: readonly T[]): readonly [readonly T[], readonly T[]] {
  const half = MAX_ADDRESSES / 2;
  return [
    one.slice(0, Math.max(half, MAX_ADDRESSES - other.length)),
    other.slice(0, Math.max(half, MAX_ADDRESSES - one.length)),
  ];
}

function deniedMessage(host: string, denials: readonly string[]): string {
  const more = denials.length - MAX_NAMED_ADDRESSES;
  const named = denials.slice(0, MAX_NAMED_ADDRESSES).join(", ");
  return `${host} resolves to addresses that are denied: ${named}${more > 0 ? ` and ${more} more` : ""}`;
}

function failed(reason: HostFailure, message: string): FailedHost {
  return { reason, message };
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}
