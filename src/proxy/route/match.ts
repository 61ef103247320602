/**
 * Which listener a connection belongs to, and which of its routes takes it.
 *
 * A connection belongs to one listener, the most specific of its port, and never falls back to a less specific one when
 * that has no route for it (Gateway API, Listener: isolation of listeners by hostname). Pure.
 */

import type { PersistentMap } from "../../model/persistent-map.ts";
import type { ListenerResource, RouteResource } from "../../model/proxy-config.ts";
import { ANY_HOSTNAME, hostnameKey, type RouteTable } from "./route-table.ts";

/** `serverName`: lower case, without trailing dot; absent when the client sent none, or its protocol has none. */
export function matchListener(
  table: RouteTable,
  port: number,
  serverName: string | undefined,
): ListenerResource | undefined {
  return search(table.listenerNames, port, serverName);
}

/** The route of this listener that takes the connection. */
export function matchRoute(
  table: RouteTable,
  listener: ListenerResource,
  serverName: string | undefined,
): RouteResource | undefined {
  return search(table.routeNames, listener.name, serverName);
}

/**
 * The exact name, then the wildcards from the longest to the shortest, then the one without a hostname. `*.example.com`
 * stands for one or more labels and not for `example.com` itself (Gateway API, Hostname). Without a server name only
 * what has no hostname matches.
 */
function search<Found>(
  names: PersistentMap<Found>,
  scope: string | number,
  serverName: string | undefined,
): Found | undefined {
  if (serverName !== undefined) {
    const exact = names.get(hostnameKey(scope, serverName));
    if (exact !== undefined) return exact;
    for (let dot = serverName.indexOf("."); dot !== -1; dot = serverName.indexOf(".", dot + 1)) {
      const wildcard = names.get(hostnameKey(scope, `*${serverName.slice(dot)}`));
      if (wildcard !== undefined) return wildcard;
    }
  }
  return names.get(hostnameKey(scope, ANY_HOSTNAME));
}
