/**
 * The way from what a proxy holds to what it must be. Pure.
 *
 * It compares versions only: equal versions mean equal content, so the cost is one look-up per resource and the result is
 * as small as the change.
 */
import { PersistentMap } from "../model/persistent-map.ts";
import type { ConfigDelta, ProxyConfig, ResourceKey, VersionedResource } from "../model/proxy-config.ts";

/** What a proxy holds: enough to compute what it lacks, without the content. */
export interface HeldConfig {
  /** Empty before the first configuration. */
  readonly revision: string;
  readonly versions: HeldVersions;
  /** Where the whole is at hand. */
  readonly resources?: ProxyConfig["resources"];
}

/** A map of versions by key, or as much of one as is asked of it. */
export interface HeldVersions extends Iterable<readonly [ResourceKey, string]> {
  readonly size: number;
  get(key: ResourceKey): string | undefined;
}

/** Nothing: what a proxy holds that has had no configuration yet. */
export const HELD_NOTHING: HeldConfig = { revision: "", versions: new Map() };

/** Of a configuration that is held as a whole; no copy of it is made. */
export function heldOf({ revision, resources }: ProxyConfig): HeldConfig {
  const versions: HeldVersions = {
    size: resources.size,
    get: (key) => resources.get(key)?.version,
    *[Symbol.iterator]() {
      for (const [key, { version }] of resources) yield [key, version] as const;
    },
  };
  return { revision, versions, resources };
}

/** The smallest delta that turns `from` into `to`; without upserts and removals when both hold the same resources. */
export function configDelta(from: HeldConfig, to: ProxyConfig): ConfigDelta {
  const upserts = new Map<ResourceKey, VersionedResource>();
  const removals: ResourceKey[] = [];
  for (const key of keysToCompare(from, to.resources)) {
    const resource = to.resources.get(key);
    const held = from.versions.get(key);
    if (resource === undefined) removals.push(key);
    else if (resource.version !== held) upserts.set(key, resource);
  }
  return { revision: to.revision, upserts, removals };
}

/** All keys of both, but where a configuration has grown out of the other: then what they share is not looked at. */
function keysToCompare(from: HeldConfig, to: ProxyConfig["resources"]): Iterable<ResourceKey> {
  if (from.resources instanceof PersistentMap && to instanceof PersistentMap) return to.othersThan(from.resources);
  return keysOfBoth(from, to);
}

function* keysOfBoth({ versions }: HeldConfig, to: ProxyConfig["resources"]): Generator<ResourceKey> {
  yield* to.keys();
  for (const [key] of versions) if (!to.has(key)) yield key;
}
