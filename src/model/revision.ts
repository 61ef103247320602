/**
 * Versions and revisions of a proxy configuration, computed alike by the translator and the proxy.
 *
 * A version is the hash of a resource's JSON; a revision is the sum of all versions, updated in time proportional to
 * the change. Kind and name are part of the content, so that a version says which resource it is the version of, too. Pure:
 * `node:crypto` is imported for SHA-256 only, the one import of this room that is not plain data.
 */
import { hash } from "node:crypto";
import type { Resource, ResourceKey, VersionedResource } from "./proxy-config.ts";

type Versioned = Pick<VersionedResource, "version">;

/** Half of SHA-256: accidental collisions stay out of reach, and a full listing of versions is half as long. */
const HEX_DIGITS = 32;
const BITS = HEX_DIGITS * 4;

/** The revision of a configuration without resources. Never the empty string, which means "no configuration yet". */
export const EMPTY_REVISION = "0".repeat(HEX_DIGITS);

/** `<kind>:<name>`, unique within a configuration. */
export function resourceKey(resource: Resource): ResourceKey {
  return `${resource.kind}:${resource.name}`;
}

/**
 * 32 hexadecimal digits. The order of members counts: resources of a kind are built in one place, so that equal ones have
 * their members in one order. Were that ever not so, a resource would be sent once more than needed.
 */
export function resourceVersion(resource: Resource): string {
  return hash("sha256", JSON.stringify(resource), "hex").slice(0, HEX_DIGITS);
}

/** A resource with its version, as it travels to the proxies. */
export function versioned(resource: Resource): VersionedResource {
  return { version: resourceVersion(resource), resource };
}

/** 32 hexadecimal digits over all versions, whatever their order. */
export function configRevision(resources: ReadonlyMap<ResourceKey, Versioned>): string {
  return updateRevision(EMPTY_REVISION, { added: resources.values(), removed: [] });
}

/**
 * The revision after a change, from the revision before it: a replaced resource is removed with its old version and added
 * with its new one. The revision is the sum of the versions modulo 2^128 (AdHash, Bellare and Micciancio 1997): commutative
 * and invertible, and unlike XOR it does not forget a resource counted twice. It detects loss and skew between two programs
 * that trust each other; it authenticates nothing.
 */
export function updateRevision(
  revision: string,
  change: { readonly added: Iterable<Versioned>; readonly removed: Iterable<Versioned> },
): string {
  let sum = BigInt(`0x${revision}`);
  for (const { version } of change.added) sum += BigInt(`0x${version}`);
  for (const { version } of change.removed) sum -= BigInt(`0x${version}`);
  return BigInt.asUintN(BITS, sum).toString(16).padStart(HEX_DIGITS, "0");
}
