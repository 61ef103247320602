/**
 * `/config`: the configuration that a proxy goes by, resource by resource, page by page.
 */
import type { Resource, ResourceKey, VersionedResource } from "../../../model/proxy-config.ts";
import type { ProxyReport } from "../../../model/proxy-report.ts";
import { resourceKey } from "../../../model/revision.ts";
import { matchListener, matchRoute } from "../../route/match.ts";
import { referencesOf } from "../../route/references.ts";
import type { RouteTable } from "../../route/route-table.ts";
import { shownResource } from "./shown-resource.ts";

export interface ConfigWish {
  /** At most so many resources. */
  readonly limit: number;
  /** Those after this key; absent: from the first on. */
  readonly after?: ResourceKey;
  readonly kind?: Resource["kind"];
  /** Those alone by which connections with this server name go. */
  readonly host?: string;
}

export interface ShownConfig {
  readonly revision: string;
  /** How many resources there are in all. */
  readonly total: number;
  readonly resources: readonly object[];
  /** Pass it as `after` for what comes next; absent: that is all. */
  readonly next?: ResourceKey;
  readonly unresolvedHosts: ProxyReport["unresolvedHosts"];
  /** The last configuration was refused, and this one goes on. */
  readonly refusal?: ProxyReport["refusal"];
}

export function shownConfig(table: RouteTable, report: ProxyReport, wish: ConfigWish): ShownConfig {
  const { after = "", host, kind, limit } = wish;
  const keys = (host === undefined ? [...table.resources.entries()].map(([key]) => key) : keysFor(table, host))
    .filter((key) => key > after && (kind === undefined || key.startsWith(`${kind}:`)))
    .sort();
  const shown = keys.slice(0, limit);
  const states = new Map(report.listeners.map(({ key, version: _, ...state }) => [key, state]));
  const { refusal, unresolvedHosts } = report;
  return {
    revision: table.revision,
    total: table.resources.size,
    resources: shown.flatMap((key) => {
      const found = table.resources.get(key);
      return found === undefined
        ? []
        : [{ version: found.version, ...shownResource(found.resource), ...states.get(key) }];
    }),
    ...(keys.length > shown.length && { next: shown.at(-1) ?? "" }),
    unresolvedHosts: unresolvedHosts.slice(0, limit),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** The listener of each port that takes connections of this server name, its route, and all that these refer to. */
function keysFor(table: RouteTable, host: string): ResourceKey[] {
  const keys = new Set<ResourceKey>();
  for (const [port] of table.ports.entries()) {
    const listener = matchListener(table, Number(port), host);
    if (listener === undefined) continue;
    addWithReferences(table, resourceKey(listener), keys);
    const route = matchRoute(table, listener, host);
    if (route !== undefined) addWithReferences(table, resourceKey(route), keys);
  }
  return [...keys];
}

function addWithReferences(table: RouteTable, key: ResourceKey, keys: Set<ResourceKey>): void {
  const found: VersionedResource | undefined = table.resources.get(key);
  if (found === undefined || keys.has(key)) return;
  keys.add(key);
  // A route names all listeners that it is attached to, and one of them has the connection.
  for (const referred of referencesOf(found.resource)) {
    if (!referred.startsWith("listener:")) addWithReferences(table, referred, keys);
  }
}
