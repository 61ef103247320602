/**
 * The configuration of one Gateway's proxies, from what was settled about its listeners and routes. Kept from one translation to
 * the next: parts that are the same objects as before are neither hashed nor compared again.
 */
import type { ProxyConfig, Resource, ResourceKey, RouteResource, VersionedResource } from "../model/proxy-config.ts";
import { EMPTY_REVISION, resourceKey, updateRevision, versioned } from "../model/revision.ts";
import type { SettingsResource } from "../model/traffic.ts";
import type { RuleBackend } from "./backends/resolve-all.ts";
import type { GatewayWork, Settlement } from "./gateway-work.ts";
import type { AssessedListener } from "./listeners/assess.ts";
import { type AnyRoute, kindOf, routeName } from "./routes/route.ts";

interface KeyedResource {
  readonly key: ResourceKey;
  readonly versioned: VersionedResource;
}

/** What one listener or route brings; several may bring the same resource, and then bring it alike. */
type Part = readonly KeyedResource[];

/** What a configuration is made from: what is the same object as before has the same part. */
export interface ConfigInputs {
  readonly work: GatewayWork;
  readonly settings: SettingsResource | undefined;
  readonly backendsOf: (route: AnyRoute) => readonly RuleBackend[];
  /** Routes whose backends are others than before. */
  readonly changedBackends: ReadonlySet<AnyRoute>;
}

const EMPTY: ProxyConfig = { revision: EMPTY_REVISION, resources: new Map() };

export class ConfigBuilder {
  #work: GatewayWork | undefined;
  #settings: SettingsResource | undefined;
  #parts = new Map<AssessedListener | AnyRoute | SettingsResource, Part>();
  #config: ProxyConfig = EMPTY;

  build(inputs: ConfigInputs): ProxyConfig {
    const isSame = inputs.work === this.#work && inputs.settings === this.#settings;
    const isPatched = isSame && this.#patch(inputs);
    if (!isPatched) this.#rebuild(inputs);
    this.#work = inputs.work;
    this.#settings = inputs.settings;
    return this.#config;
  }

  /** The common case: some endpoints are others. Not possible when a route brings other resources than before. */
  #patch({ work, backendsOf, changedBackends }: ConfigInputs): boolean {
    const changed: KeyedResource[] = [];
    for (const route of changedBackends) {
      const old = this.#parts.get(route);
      if (old === undefined) continue;
      const part = routeResources(route, work.settled(route), backendsOf(route)).map(keyed);
      if (part.length !== old.length || part.some(({ key }, i) => key !== old[i]?.key)) return false;
      this.#parts.set(route, part);
      changed.push(...part);
    }
    // Of the routes that changed none may be of this Gateway: the copy of a large map is spared then.
    if (changed.length === 0) return true;
    const resources = new Map(this.#config.resources);
    for (const { key, versioned: value } of changed) resources.set(key, value);
    // Routes may share a Service: what several bring is counted once.
    this.#replace(resources, new Set(changed.map(({ key }) => key)));
    return true;
  }

  #rebuild({ work, settings, backendsOf, changedBackends }: ConfigInputs): void {
    const before = this.#parts;
    const parts = new Map<AssessedListener | AnyRoute | SettingsResource, Part>();
    if (settings !== undefined) parts.set(settings, before.get(settings) ?? [keyed(settings)]);
    for (const listener of work.listeners) {
      parts.set(listener, before.get(listener) ?? listenerResources(listener).map(keyed));
    }
    for (const [route, settlement] of work.settlements()) {
      const old =
        changedBackends.has(route) || settlement !== this.#work?.settled(route) ? undefined : before.get(route);
      parts.set(route, old ?? routeResources(route, settlement, backendsOf(route)).map(keyed));
    }
    this.#parts = parts;
    const resources = gathered(parts.values());
    const gone = [...this.#config.resources.keys()].filter((key) => !resources.has(key));
    this.#replace(resources, [...resources.keys(), ...gone]);
  }

  /** `touched`: the keys that may differ, each once. */
  #replace(resources: ReadonlyMap<ResourceKey, VersionedResource>, touched: Iterable<ResourceKey>): void {
    const before = this.#config;
    const added: VersionedResource[] = [];
    const removed: VersionedResource[] = [];
    for (const key of touched) {
      const old = before.resources.get(key);
      const now = resources.get(key);
      if (old?.version === now?.version) continue;
      if (now !== undefined) added.push(now);
      if (old !== undefined) removed.push(old);
    }
    if (added.length === 0 && removed.length === 0) return;
    this.#config = { revision: updateRevision(before.revision, { added, removed }), resources };
  }
}

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

function gathered(parts: Iterable<Part>): Map<ResourceKey, VersionedResource> {
  const resources = new Map<ResourceKey, VersionedResource>();
  for (const part of parts) {
    for (const { key, versioned: value } of part) if (!resources.has(key)) resources.set(key, value);
  }
  return resources;
}
