/**
 * The proxy's routing table: the resources of one configuration with the indexes that connections are matched by.
 *
 * Immutable: a delta makes a new table that shares what has not changed (see apply-delta.ts). It holds no positions of
 * round robins and no state of the world; those are the balancer's and the dns room's.
 */

import { PersistentMap } from "../../model/persistent-map.ts";
import type {
  AuthoritiesResource,
  BackendResource,
  CertificateResource,
  EndpointsResource,
  ListenerResource,
  PortKind,
  Resource,
  ResourceKey,
  RouteResource,
  VersionedResource,
} from "../../model/proxy-config.ts";
import { EMPTY_REVISION } from "../../model/revision.ts";
import type { AcceptedProxyProtocol, SettingsResource } from "../../model/traffic.ts";

/** A host and port outside the cluster, and by how many backends it is named. */
export interface ExternalTarget {
  readonly host: string;
  readonly port: number;
  readonly backends: number;
}

export interface VersionedListener {
  readonly version: string;
  readonly resource: ListenerResource;
}

/** How connections of a port begin, and how many listeners say so. */
export interface PortUse {
  readonly kind: PortKind;
  readonly proxyProtocol: AcceptedProxyProtocol | undefined;
  readonly listeners: number;
}

export interface RouteTable {
  /** Hash over all keys and versions (src/model/revision.ts). */
  readonly revision: string;
  readonly resources: PersistentMap<VersionedResource>;
  /** How often a resource is referred to by others, by its key. */
  readonly references: PersistentMap<number>;
  /** Listeners by name. */
  readonly listeners: PersistentMap<VersionedListener>;
  /** By port number in decimal. */
  readonly ports: PersistentMap<PortUse>;
  /** `<port> <hostname>` → the listener. */
  readonly listenerNames: PersistentMap<ListenerResource>;
  /** `<listener name> <hostname>` → the route. */
  readonly routeNames: PersistentMap<RouteResource>;
  /** External hosts by `<host>:<port>`. */
  readonly externalTargets: PersistentMap<ExternalTarget>;
}

export const EMPTY_TABLE: RouteTable = {
  revision: EMPTY_REVISION,
  resources: PersistentMap.empty(),
  references: PersistentMap.empty(),
  listeners: PersistentMap.empty(),
  ports: PersistentMap.empty(),
  listenerNames: PersistentMap.empty(),
  routeNames: PersistentMap.empty(),
  externalTargets: PersistentMap.empty(),
};

/** The hostname under which whatever has none is indexed: every server name, and none. */
export const ANY_HOSTNAME = "*";

/** What a listener is indexed by within its port. A TCP listener sees no name: it is the one for all, and so alone. */
export function listenerHostname(listener: ListenerResource): string {
  return listener.protocol === "TCP" ? ANY_HOSTNAME : (listener.hostname ?? ANY_HOSTNAME);
}

/** Key in `listenerNames` (scope: port) and `routeNames` (scope: listener). No hostname holds a space. */
export function hostnameKey(scope: string | number, hostname: string): string {
  return `${scope} ${hostname}`;
}

export function findRoute(table: RouteTable, name: string): RouteResource | undefined {
  const found = find(table, `route:${name}`);
  return found?.kind === "route" ? found : undefined;
}

export function findBackend(table: RouteTable, name: string): BackendResource | undefined {
  const found = find(table, `backend:${name}`);
  return found?.kind === "backend" ? found : undefined;
}

export function findEndpoints(table: RouteTable, name: string): EndpointsResource | undefined {
  const found = find(table, `endpoints:${name}`);
  return found?.kind === "endpoints" ? found : undefined;
}

/** Undefined: as built in. */
export function findSettings(table: RouteTable): SettingsResource | undefined {
  const found = find(table, "settings:proxy");
  return found?.kind === "settings" ? found : undefined;
}

/** Undefined: the default ranges. */
export function findDeniedCidrs(table: RouteTable): readonly string[] | undefined {
  const found = find(table, "externalHosts:proxy");
  return found?.kind === "externalHosts" ? found.deniedCidrs : undefined;
}

/** A reference of an accepted table always finds its certificate; whether its PEM is any good, nobody has judged. */
export function findCertificate(table: RouteTable, name: string): CertificateResource | undefined {
  const found = find(table, `certificate:${name}`);
  return found?.kind === "certificate" ? found : undefined;
}

/** As with certificates, found but not judged. */
export function findAuthorities(table: RouteTable, name: string): AuthoritiesResource | undefined {
  const found = find(table, `authorities:${name}`);
  return found?.kind === "authorities" ? found : undefined;
}

/** What the proxy tells the operator it has: the version of each resource by its key. */
export interface ResourceVersions extends Iterable<readonly [ResourceKey, string]> {
  readonly size: number;
  get(key: ResourceKey): string | undefined;
}

/** A view of the table, not a copy: many thousand resources are gone through in the reader's own time. */
export function versionsOf({ resources }: RouteTable): ResourceVersions {
  return {
    size: resources.size,
    get: (key) => resources.get(key)?.version,
    *[Symbol.iterator]() {
      for (const [key, { version }] of resources.entries()) yield [key, version] as const;
    },
  };
}

function find(table: RouteTable, key: ResourceKey): Resource | undefined {
  return table.resources.get(key)?.resource;
}
