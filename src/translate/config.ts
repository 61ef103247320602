/**
 * The configuration of one Gateway's proxies, from what was settled about its listeners and routes. Kept from one translation to
 * the next: parts that are the same objects as before are neither hashed nor compared again.
 */
import type { ProxyConfig, Resource, ResourceKey, RouteResource, VersionedResource } from "../model/proxy-config.ts";
import { EMPTY_REVISION, type KeyedVersion, resourceKey, updateRevision, versioned } from "../model/revision.ts";
import type { RuleBackend } from "./backends/resolve-all.ts";
import type { GatewayWork, Settlement } from "./gateway-work.ts";
import type { AssessedListener } from "./listeners/assess.ts";
import { type AnyRoute, kindOf, routeName } from "./routes/route.ts";

interface KeyedResource {
  readonly key: ResourceKey;
  readonly versioned: VersionedResource;
}

/** What one listener or route brings; several parts may bring the same resource, and then bring it alike. */
interface Part {
  readonly madeFrom: readonly unknown[];
  readonly resources: readonly KeyedResource[];
}

const EMPTY: ProxyConfig = { revision: EMPTY_REVISION, resources: new Map() };

export class ConfigBuilder {
  #parts: ReadonlyMap<object, Part> = new Map();
  #config: ProxyConfig = EMPTY;

  build(work: GatewayWork, backends: ReadonlyMap<AnyRoute, readonly RuleBackend[]>): ProxyConfig {
    const before = this.#parts;
    const parts = new Map<object, Part>();
    const keep = (subject: object, madeFrom: readonly unknown[], make: () => readonly Resource[]) => {
      const old = before.get(subject);
      const isSame = old !== undefined && madeFrom.every((input, i) => input === old.madeFrom[i]);
      parts.set(subject, isSame ? old : { madeFrom, resources: make().map(keyed) });
    };
    for (const listener of work.listeners) keep(listener, [], () => listenerResources(listener));
    for (const route of work.routes()) {
      const settlement = work.settled(route);
      const resolved = backends.get(route) ?? NO_BACKENDS;
      keep(route, [settlement, resolved], () => routeResources(route, settlement, resolved));
    }
    this.#config = assemble(this.#config, parts.values());
    this.#parts = parts;
    return this.#config;
  }
}

const NO_BACKENDS: readonly RuleBackend[] = [];

function keyed(resource: Resource): KeyedResource {
  return { key: resourceKey(resource), versioned: versioned(resource) };
}

function listenerResources({ resource, needs }: AssessedListener): readonly Resource[] {
  return resource === undefined ? [] : [resource, ...needs];
}

function routeResources(
  route: AnyRoute,
  settlement: Settlement,
  backends: readonly RuleBackend[],
): readonly Resource[] {
  // HTTP is not routed: its listeners answer by themselves.
  if (kindOf(route) === "HTTPRoute") return [];
  const attachments = settlement.won
    .filter(({ assessed, hostnames }) => assessed.resource !== undefined && hostnames.length > 0)
    .map(({ assessed, hostnames }) => ({ listener: assessed.name, hostnames }));
  if (attachments.length === 0) return [];
  const resource: RouteResource = {
    kind: "route",
    name: routeName(route),
    attachments,
    backends: backends.map(({ backend, weight }) => ({ backend: backend.name, weight })),
  };
  return [resource, ...backends.flatMap(({ backend, needs }) => [backend, ...needs])];
}

/** In the order of the parts; what did not change costs a comparison. */
function assemble(before: ProxyConfig, parts: Iterable<Part>): ProxyConfig {
  const resources = gathered(parts);
  const added: KeyedVersion[] = [];
  const removed: KeyedVersion[] = [];
  for (const [key, { version }] of resources) {
    const old = before.resources.get(key);
    if (old?.version === version) continue;
    added.push({ key, version });
    if (old !== undefined) removed.push({ key, version: old.version });
  }
  for (const [key, { version }] of before.resources) if (!resources.has(key)) removed.push({ key, version });
  if (added.length === 0 && removed.length === 0) return before;
  return { revision: updateRevision(before.revision, { added, removed }), resources };
}

function gathered(parts: Iterable<Part>): Map<ResourceKey, VersionedResource> {
  const resources = new Map<ResourceKey, VersionedResource>();
  for (const { resources: list } of parts) {
    for (const { key, versioned: value } of list) if (!resources.has(key)) resources.set(key, value);
  }
  return resources;
}
