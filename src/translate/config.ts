/** The configuration of one Gateway's proxies, from what was settled about its listeners and routes. */
import type { ProxyConfig, Resource, ResourceKey, RouteResource, VersionedResource } from "../model/proxy-config.ts";
import { configRevision, resourceKey, versioned } from "../model/revision.ts";
import type { RuleBackend } from "./backends/resolve-all.ts";
import type { GatewayWork } from "./gateway-work.ts";
import { type AnyRoute, routeName } from "./routes/route.ts";

export function buildConfig(work: GatewayWork, backends: ReadonlyMap<AnyRoute, readonly RuleBackend[]>): ProxyConfig {
  const resources = new Map<ResourceKey, VersionedResource>();
  const add = (resource: Resource) => {
    const key = resourceKey(resource);
    if (!resources.has(key)) resources.set(key, versioned(resource));
  };
  for (const { resource, needs } of work.listeners) {
    if (resource === undefined) continue;
    add(resource);
    for (const needed of needs) add(needed);
  }
  for (const route of work.routes()) {
    const resolved = backends.get(route) ?? [];
    const resource = routeResource(work, route, resolved);
    if (resource.attachments.length === 0) continue;
    add(resource);
    for (const { backend, needs } of resolved) {
      add(backend);
      for (const needed of needs) add(needed);
    }
  }
  return { revision: configRevision(resources), resources };
}

function routeResource(work: GatewayWork, route: AnyRoute, backends: readonly RuleBackend[]): RouteResource {
  const attachments = work
    .settled(route)
    .won.filter(({ assessed, hostnames }) => assessed.resource !== undefined && hostnames.length > 0)
    .map(({ assessed, hostnames }) => ({ listener: assessed.name, hostnames }));
  return {
    kind: "route",
    name: routeName(route),
    attachments,
    backends: backends.map(({ backend, weight }) => ({ backend: backend.name, weight })),
  };
}
