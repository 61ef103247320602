/**
 * Versions and revisions of a proxy configuration, computed alike by the translator and the proxy.
 *
 * A version is the hash of a resource's canonical JSON; a revision is a hash over all keys and versions that is updated in
 * time proportional to the change, so that one changed endpoint among 100,000 routes costs two hashes. Pure: `node:crypto`
 * is imported for SHA-256 only, the one import of this room that is not plain data.
 */
import { createHash } from "node:crypto";
import type { Resource, ResourceKey, VersionedResource } from "./proxy-config.ts";

/** What a revision is made of: where a resource is known and the hash of its content. */
export interface KeyedVersion {
  readonly key: ResourceKey;
  readonly version: string;
}

/** The width of SHA-256: hashes are added modulo 2^256. */
const REVISION_BITS = 256;

/** Half of SHA-256: accidental collisions stay out of reach, and a full listing of versions is half as long. */
const VERSION_HEX_DIGITS = 32;

/** The revision of a configuration without resources. Never the empty string, which means "no configuration yet". */
export const EMPTY_REVISION = "0".repeat(REVISION_BITS / 4);

/** `<kind>:<name>`, unique within a configuration. */
export function resourceKey(resource: Resource): ResourceKey {
  return `${resource.kind}:${resource.name}`;
}

/** 32 hexadecimal digits; equal for resources that differ only in the order of their members. */
export function resourceVersion(resource: Resource): string {
  return sha256(canonicalJson(resource)).slice(0, VERSION_HEX_DIGITS);
}

/** A resource with its version, as it travels to the proxies. */
export function versioned(resource: Resource): VersionedResource {
  return { version: resourceVersion(resource), resource };
}

/** 64 hexadecimal digits over all keys and versions, whatever their order. */
export function configRevision(resources: ReadonlyMap<ResourceKey, Pick<VersionedResource, "version">>): string {
  const added: KeyedVersion[] = [];
  for (const [key, { version }] of resources) added.push({ key, version });
  return updateRevision(EMPTY_REVISION, { added, removed: [] });
}

/**
 * The revision after a change, from the revision before it: a replaced resource is removed with its old version and added
 * with its new one. The revision is the sum modulo 2^256 of SHA-256(`key@version`) (AdHash, Bellare and Micciancio 1997):
 * commutative and invertible, and unlike XOR it does not forget a resource counted twice. It detects loss and skew between
 * two programs that trust each other; it authenticates nothing.
 */
export function updateRevision(
  revision: string,
  change: { readonly added: Iterable<KeyedVersion>; readonly removed: Iterable<KeyedVersion> },
): string {
  let sum = BigInt(`0x${revision}`);
  for (const entry of change.added) sum += term(entry);
  for (const entry of change.removed) sum -= term(entry);
  return BigInt.asUintN(REVISION_BITS, sum)
    .toString(16)
    .padStart(REVISION_BITS / 4, "0");
}

function term({ key, version }: KeyedVersion): bigint {
  return BigInt(`0x${sha256(`${key}@${version}`)}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** JSON without white space, members sorted by name and absent ones left out; arrays keep their order. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
