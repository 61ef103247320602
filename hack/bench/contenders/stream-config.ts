/** The world as the operator's stream tells it to a proxy. Pure. */
import type { ProxyConfig, Resource, RouteResource } from "../../../src/model/proxy-config.ts";
import { configRevision, resourceKey, updateRevision, versioned } from "../../../src/model/revision.ts";
import { backendName, byBackend, type Route } from "../world.ts";
import type { Site } from "./contender.ts";

const LISTENER = "bench/bench/tls";

export function streamConfig({ listen, routes }: Site): ProxyConfig {
  const resources: Resource[] = [
    { kind: "listener", name: LISTENER, port: listen.port, protocol: "TLS", tls: { mode: "Passthrough" } },
  ];
  for (const [name, [{ backend }]] of byBackend(routes)) {
    const endpoints = [{ address: backend.host, port: backend.port }];
    resources.push({ kind: "backend", name, target: { type: "endpoints", endpoints: name } });
    resources.push({ kind: "endpoints", name, endpoints });
  }
  resources.push(...routes.map(routeResource));
  const byKey = new Map(resources.map((resource) => [resourceKey(resource), versioned(resource)]));
  return { revision: configRevision(byKey), resources: byKey };
}

/** The route's backend must be one that the configuration has. */
export function withRoute(config: ProxyConfig, route: Route): ProxyConfig {
  const resource = routeResource(route);
  const added = versioned(resource);
  const resources = new Map(config.resources).set(resourceKey(resource), added);
  return { revision: updateRevision(config.revision, { added: [added], removed: [] }), resources };
}

/** Every route is another than before, and this one more. Of single backends the weight means nothing. */
export function withEveryRouteChanged(config: ProxyConfig, route: Route): ProxyConfig {
  const resources = new Map(config.resources);
  for (const [key, { resource }] of [...resources]) {
    if (resource.kind !== "route") continue;
    const backends = resource.backends.map(({ backend, weight }) => ({ backend, weight: weight + 1 }));
    resources.set(key, versioned({ ...resource, backends }));
  }
  return withRoute({ revision: configRevision(resources), resources }, route);
}

function routeResource({ serverName, backend }: Route): RouteResource {
  return {
    kind: "route",
    name: `TLSRoute/bench/${serverName}`,
    attachments: [{ listener: LISTENER, hostnames: [serverName] }],
    backends: [{ backend: backendName(backend), weight: 1 }],
  };
}
