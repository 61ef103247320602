/**
 * The configuration of one Gateway's proxies, from what was settled about its listeners and routes. Kept from one translation to
 * the next: parts that are the same objects as before are neither hashed nor compared again.
 */
import { PersistentMap } from "../model/persistent-map.ts";
import type {
  EndpointsResource,
  ProxyConfig,
  Resource,
  ResourceKey,
  RouteResource,
  VersionedResource,
} from "../model/proxy-config.ts";
import { EMPTY_REVISION, resourceKey, updateRevision, versioned } from "../model/revision.ts";
import type { SettingsResource } from "../model/traffic.ts";
import type { RuleBackend } from "./backends/resolve-all.ts";
import type { GatewayWork, Settlement } from "./gateway-work.ts";
import { sameElements } from "./incremental/same.ts";
import type { AssessedListener } from "./listeners/assess.ts";
import { type AnyRoute, kindOf, routeName } from "./routes/route.ts";

interface KeyedResource {
  readonly key: ResourceKey;
  readonly versioned: VersionedResource;
}

/** What one listener or route brings; several may bring the same resource, and then bring it alike. */
type Part = readonly KeyedResource[];

/** Resources of the Gateway as a whole. */
type GatewayResource = SettingsResource | EndpointsResource;

type PartOwner = AssessedListener | AnyRoute | GatewayResource;

/** What a configuration is made from, and what of it is other than at the last time. */
export interface ConfigInputs {
  readonly work: GatewayWork;
  readonly settings: SettingsResource | undefined;
  /** Addresses at which clients reach the Gateway. */
  readonly addresses: EndpointsResource | undefined;
  readonly backendsOf: (route: AnyRoute) => readonly RuleBackend[];
  /** Routes whose settlements or backends are others than before; those of other Gateways may be among them. */
  readonly changed: Iterable<AnyRoute>;
  /** Routes that are attached no more. */
  readonly gone: Iterable<AnyRoute>;
}

const NOTHING: Part = [];

export class ConfigBuilder {
  #listeners: readonly AssessedListener[] = [];
  #settings: GatewayResource | undefined;
  #addresses: GatewayResource | undefined;
  readonly #parts = new Map<PartOwner, Part>();
  /** How many parts bring a resource: several routes may share a Service, and what several bring is counted once. */
  readonly #bringers = new Map<ResourceKey, number>();
  #resources = PersistentMap.empty<VersionedResource>();
  #config: ProxyConfig = { revision: EMPTY_REVISION, resources: this.#resources };

  build({ work, settings, addresses, backendsOf, changed, gone }: ConfigInputs): ProxyConfig {
    const touched = new Map<ResourceKey, VersionedResource | undefined>();
    this.#replaceGatewayPart(this.#settings, settings, touched);
    this.#settings = settings;
    this.#replaceGatewayPart(this.#addresses, addresses, touched);
    this.#addresses = addresses;
    this.#replaceListeners(work.listeners, touched);
    for (const route of changed) {
      if (!work.hasSettled(route)) continue;
      this.#replacePart(route, routeResources(route, work.settled(route), backendsOf(route)).map(keyed), touched);
    }
    for (const route of gone) this.#replacePart(route, NOTHING, touched);
    this.#apply(touched);
    return this.#config;
  }

  #replaceListeners(
    listeners: readonly AssessedListener[],
    touched: Map<ResourceKey, VersionedResource | undefined>,
  ): void {
    if (sameElements(listeners, this.#listeners)) return;
    const kept = new Set(listeners);
    for (const listener of this.#listeners) if (!kept.has(listener)) this.#replacePart(listener, NOTHING, touched);
    for (const listener of kept) {
      if (this.#parts.has(listener)) continue;
      this.#replacePart(listener, listenerResources(listener).map(keyed), touched);
    }
    this.#listeners = listeners;
  }

  #replaceGatewayPart(
    before: GatewayResource | undefined,
    now: GatewayResource | undefined,
    touched: Map<ResourceKey, VersionedResource | undefined>,
  ): void {
    if (now === before) return;
    if (before !== undefined) this.#replacePart(before, NOTHING, touched);
    if (now !== undefined) this.#replacePart(now, [keyed(now)], touched);
  }

  /** Writes into `touched` what the resources are now that may be others than before; undefined for one that is no more. */
  #replacePart(owner: PartOwner, part: Part, touched: Map<ResourceKey, VersionedResource | undefined>): void {
    const before = this.#parts.get(owner) ?? NOTHING;
    for (const { key, versioned: value } of part) {
      this.#bringers.set(key, (this.#bringers.get(key) ?? 0) + 1);
      touched.set(key, value);
    }
    for (const { key } of before) {
      const bringers = (this.#bringers.get(key) ?? 0) - 1;
      if (bringers > 0) this.#bringers.set(key, bringers);
      else {
        this.#bringers.delete(key);
        touched.set(key, undefined);
      }
    }
    if (part === NOTHING) this.#parts.delete(owner);
    else this.#parts.set(owner, part);
  }

  #apply(touched: ReadonlyMap<ResourceKey, VersionedResource | undefined>): void {
    const draft = this.#resources.edit();
    const added: VersionedResource[] = [];
    const removed: VersionedResource[] = [];
    for (const [key, now] of touched) {
      const old = draft.get(key);
      if (old?.version === now?.version) continue;
      if (old !== undefined) removed.push(old);
      if (now === undefined) draft.delete(key);
      else {
        added.push(now);
        draft.set(key, now);
      }
    }
    const resources = draft.commit();
    if (resources === this.#resources) return;
    this.#resources = resources;
    this.#config = { revision: updateRevision(this.#config.revision, { added, removed }), resources };
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
