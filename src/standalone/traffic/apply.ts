/**
 * A translated configuration with the files' traffic policies in it. Pure.
 *
 * The translator does not know these policies, and its statuses speak of the listeners that it has made. So what a proxy reports of a changed
 * listener is told as of the one that it was made from.
 */
import type { ProxyConfig, Resource, VersionedResource } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { resourceKey, updateRevision, versioned } from "../../model/revision.ts";
import type { TrafficPolicies } from "./policies.ts";

export interface ShapedConfig {
  readonly config: ProxyConfig;
  /** A report on `config` as one on what it was made from. */
  readonly original: (report: ProxyReport) => ProxyReport;
}

/** `gateway`: `namespace/name`. */
export function withTraffic(config: ProxyConfig, gateway: string, policies: TrafficPolicies): ShapedConfig {
  if (policies.isEmpty) return { config, original: (report) => report };
  const resources = new Map(config.resources);
  const added: VersionedResource[] = [];
  const removed: VersionedResource[] = [];
  const originals = new Map<string, string>();
  const put = (resource: Resource) => {
    const next = versioned(resource);
    resources.set(resourceKey(resource), next);
    added.push(next);
    return next.version;
  };
  for (const before of config.resources.values()) {
    const shaped = shape(before.resource, gateway, policies);
    if (shaped === undefined) continue;
    removed.push(before);
    originals.set(put(shaped), before.version);
  }
  const settings = policies.settings(gateway);
  if (settings !== undefined) put(settings);
  const revision = updateRevision(config.revision, { added, removed });
  const original = (report: ProxyReport): ProxyReport => ({
    ...report,
    revision: report.revision === revision ? config.revision : report.revision,
    listeners: report.listeners.map((one) => ({ ...one, version: originals.get(one.version) ?? one.version })),
  });
  return { config: { revision, resources }, original };
}

/** Undefined: no policy changes it. */
function shape(resource: Resource, gateway: string, policies: TrafficPolicies): Resource | undefined {
  if (resource.kind === "listener") {
    const client = policies.client(gateway, resource.name);
    return client === undefined ? undefined : { ...resource, client };
  }
  if (resource.kind === "backend") {
    const traffic = policies.backend(resource.name);
    // A reference that cannot be used has no traffic.
    return traffic === undefined || resource.target.type === "invalid" ? undefined : { ...resource, traffic };
  }
  return undefined;
}
