/** The configuration of one Gateway's proxies, from what was settled about its listeners and routes. */
import { ANY_HOSTNAME } from "../gateway-api/hostname.ts";
import { objectKey, type TlsRoute } from "../gateway-api/objects.ts";
import type {
  ListenerResource,
  ProxyConfig,
  Resource,
  ResourceKey,
  RouteResource,
  VersionedResource,
} from "../model/proxy-config.ts";
import { configRevision, resourceKey, versioned } from "../model/revision.ts";
import type { RuleBackend } from "./backends/resolve-all.ts";
import type { GatewayWork } from "./gateway-work.ts";
import type { AssessedListener } from "./listeners/assess.ts";

export function buildConfig(work: GatewayWork, backends: ReadonlyMap<TlsRoute, readonly RuleBackend[]>): ProxyConfig {
  const resources = new Map<ResourceKey, VersionedResource>();
  const add = (resource: Resource) => {
    const key = resourceKey(resource);
    if (!resources.has(key)) resources.set(key, versioned(resource));
  };
  for (const assessed of work.listeners) if (assessed.verdict.ok) add(listenerResource(work, assessed));
  for (const route of work.routes()) {
    const resolved = backends.get(route) ?? [];
    const resource = routeResource(work, route, resolved);
    if (resource.attachments.length === 0) continue;
    add(resource);
    for (const { backend, endpoints } of resolved) {
      add(backend);
      if (endpoints !== undefined) add(endpoints);
    }
  }
  return { revision: configRevision(resources), resources };
}

export function listenerName(work: GatewayWork, { listener }: AssessedListener): string {
  return `${objectKey(work.gateway)}/${listener.name}`;
}

function listenerResource(work: GatewayWork, assessed: AssessedListener): ListenerResource {
  const { listener, hostname } = assessed;
  return {
    kind: "listener",
    name: listenerName(work, assessed),
    port: listener.port,
    protocol: "TLS",
    mode: "Passthrough",
    ...(hostname !== ANY_HOSTNAME && { hostname }),
  };
}

function routeResource(work: GatewayWork, route: TlsRoute, backends: readonly RuleBackend[]): RouteResource {
  const attachments = work
    .settled(route)
    .won.filter(({ assessed, hostnames }) => assessed.verdict.ok && hostnames.length > 0)
    .map(({ assessed, hostnames }) => ({ listener: listenerName(work, assessed), hostnames }));
  return {
    kind: "route",
    name: objectKey(route),
    attachments,
    backends: backends.map(({ backend, weight }) => ({ backend: backend.name, weight })),
  };
}
