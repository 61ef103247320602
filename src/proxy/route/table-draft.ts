/**
 * A routing table in the making: keeps the indexes of the table in step with its resources.
 *
 * Seen by apply-delta.ts alone. It judges clashes of hostnames and ports, because it is the one that would overwrite them.
 */

import type { MapDraft } from "../../model/persistent-map.ts";
import type {
  ListenerResource,
  Resource,
  ResourceKey,
  RouteResource,
  VersionedResource,
} from "../../model/proxy-config.ts";
import type { ConfigRefusal } from "../../model/proxy-report.ts";
import { portKindOf } from "./port-kind.ts";
import { referencesOf } from "./references.ts";
import {
  type ExternalTarget,
  hostnameKey,
  listenerHostname,
  type PortUse,
  type RouteTable,
  type VersionedListener,
} from "./route-table.ts";

type Clash = Omit<ConfigRefusal, "revision">;

export class TableDraft {
  readonly #resources: MapDraft<VersionedResource>;
  readonly #references: MapDraft<number>;
  readonly #listeners: MapDraft<VersionedListener>;
  readonly #ports: MapDraft<PortUse>;
  readonly #listenerNames: MapDraft<ListenerResource>;
  readonly #routeNames: MapDraft<RouteResource>;
  readonly #externalTargets: MapDraft<ExternalTarget>;

  constructor(table: RouteTable) {
    this.#resources = table.resources.edit();
    this.#references = table.references.edit();
    this.#listeners = table.listeners.edit();
    this.#ports = table.ports.edit();
    this.#listenerNames = table.listenerNames.edit();
    this.#routeNames = table.routeNames.edit();
    this.#externalTargets = table.externalTargets.edit();
  }

  has(key: ResourceKey): boolean {
    return this.#resources.get(key) !== undefined;
  }

  isReferredTo(key: ResourceKey): boolean {
    return this.#references.get(key) !== undefined;
  }

  commit(revision: string): RouteTable {
    return {
      revision,
      resources: this.#resources.commit(),
      references: this.#references.commit(),
      listeners: this.#listeners.commit(),
      ports: this.#ports.commit(),
      listenerNames: this.#listenerNames.commit(),
      routeNames: this.#routeNames.commit(),
      externalTargets: this.#externalTargets.commit(),
    };
  }

  remove(key: ResourceKey, resource: Resource): void {
    this.#resources.delete(key);
    for (const reference of referencesOf(resource)) this.#count(reference, -1);
    if (resource.kind === "listener") {
      this.#removeListener(resource);
    } else if (resource.kind === "route") {
      for (const { key: name } of hostnamesOf(resource)) this.#routeNames.delete(name);
    } else if (resource.kind === "backend" && resource.target.type === "external") {
      this.#countExternal(resource.target, -1);
    }
  }

  /** Adds a resource that is not there; a clash leaves the draft useless. */
  add(key: ResourceKey, versioned: VersionedResource): Clash | undefined {
    const { resource, version } = versioned;
    this.#resources.set(key, versioned);
    for (const reference of referencesOf(resource)) this.#count(reference, 1);
    switch (resource.kind) {
      case "listener":
        this.#listeners.set(resource.name, { version, resource });
        return this.#takePort(resource) ?? this.#addListenerName(resource);
      case "route":
        return this.#addRouteNames(resource);
      case "backend":
        if (resource.target.type === "external") this.#countExternal(resource.target, 1);
        return undefined;
      case "settings":
      case "externalHosts":
      case "endpoints":
      case "certificate":
      case "authorities":
        return undefined;
    }
  }

  #removeListener(listener: ListenerResource): void {
    this.#listeners.delete(listener.name);
    this.#listenerNames.delete(hostnameKey(listener.port, listenerHostname(listener)));
    const port = String(listener.port);
    const use = this.#ports.get(port);
    if (use === undefined || use.listeners === 1) this.#ports.delete(port);
    else this.#ports.set(port, { ...use, listeners: use.listeners - 1 });
  }

  /** The first bytes of a connection cannot be read in two ways, so all listeners of a port are of one kind. */
  #takePort(listener: ListenerResource): Clash | undefined {
    const port = String(listener.port);
    const kind = portKindOf(listener);
    const { proxyProtocol } = listener.client ?? {};
    const use = this.#ports.get(port) ?? { kind, proxyProtocol, listeners: 0 };
    if (use.kind !== kind) {
      const message = `listener ${listener.name} would speak ${kind} on port ${port}, where others speak ${use.kind}`;
      return { reason: "port_conflict", message };
    }
    if (!isSameProxyProtocol(use.proxyProtocol, proxyProtocol)) {
      const message = `listener ${listener.name} and others of port ${port} differ on PROXY headers, which come before the server name`;
      return { reason: "port_conflict", message };
    }
    this.#ports.set(port, { ...use, listeners: use.listeners + 1 });
    return undefined;
  }

  #addListenerName(listener: ListenerResource): Clash | undefined {
    const hostname = listenerHostname(listener);
    const key = hostnameKey(listener.port, hostname);
    const holder = this.#listenerNames.get(key);
    this.#listenerNames.set(key, listener);
    if (holder === undefined) return undefined;
    const { name, port } = listener;
    const message = `listeners ${holder.name} and ${name} both have port ${port} and hostname ${hostname}`;
    return { reason: "duplicate_listener", message };
  }

  #addRouteNames(route: RouteResource): Clash | undefined {
    for (const { key, listener, hostname } of hostnamesOf(route)) {
      const holder = this.#routeNames.get(key);
      if (holder !== undefined) {
        const message = `routes ${holder.name} and ${route.name} both have hostname ${hostname} at listener ${listener}`;
        return { reason: "duplicate_hostname", message };
      }
      this.#routeNames.set(key, route);
    }
    return undefined;
  }

  #count(key: ResourceKey, by: 1 | -1): void {
    const count = (this.#references.get(key) ?? 0) + by;
    if (count === 0) this.#references.delete(key);
    else this.#references.set(key, count);
  }

  #countExternal({ host, port }: { readonly host: string; readonly port: number }, by: 1 | -1): void {
    const key = `${host}:${port}`;
    const backends = (this.#externalTargets.get(key)?.backends ?? 0) + by;
    if (backends === 0) this.#externalTargets.delete(key);
    else this.#externalTargets.set(key, { host, port, backends });
  }
}

function isSameProxyProtocol(one: PortUse["proxyProtocol"], other: PortUse["proxyProtocol"]): boolean {
  return one?.mode === other?.mode && one?.trusted.join() === other?.trusted.join();
}

function* hostnamesOf(route: RouteResource): Generator<{ key: string; listener: string; hostname: string }> {
  for (const { listener, hostnames } of route.attachments) {
    for (const hostname of hostnames) yield { key: hostnameKey(listener, hostname), listener, hostname };
  }
}
