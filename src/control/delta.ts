/**
 * The way from what a proxy holds to what it must be. Pure.
 *
 * It compares versions only: equal versions mean equal content, so the cost is one look-up per resource and the result is
 * as small as the change.
 */
import type { ConfigDelta, ProxyConfig, ResourceKey, VersionedResource } from "../model/proxy-config.ts";

/** What a proxy holds: enough to compute what it lacks, without the content. */
export interface HeldConfig {
  /** Empty before the first configuration. */
  readonly revision: string;
  readonly versions: HeldVersions;
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
  return { revision, versions };
}

/** The smallest delta that turns `from` into `to`; without upserts and removals when both hold the same resources. */
export function configDelta(from: HeldConfig, to: ProxyConfig): ConfigDelta {
  const upserts = new Map<ResourceKey, VersionedResource>();
  let kept = 0;
  for (const [key, resource] of to.resources) {
    const held = from.versions.get(key);
    if (held !== undefined) kept += 1;
    if (held !== resource.version) upserts.set(key, resource);
  }
  // Most changes remove nothing, and then the second pass is saved.
  const removals = kept === from.versions.size ? [] : keysBut(from.versions, to.resources);
  return { revision: to.revision, upserts, removals };
}

function keysBut(held: HeldVersions, wanted: ProxyConfig["resources"]): readonly ResourceKey[] {
  const gone: ResourceKey[] = [];
  for (const [key] of held) if (!wanted.has(key)) gone.push(key);
  return gone;
}
