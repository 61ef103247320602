/**
 * Which listener a connection belongs to, and which of its routes takes it.
 *
 * A connection belongs to one listener, the most specific of its port, and never falls back to a less specific one when
 * that has no route for it (Gateway API, Listener: isolation of listeners by hostname). Pure.
 */

import type { PersistentMap } from "./persistent-map.ts";
import { ANY_HOSTNAME, hostnameKey, type RouteTable } from "./route-table.ts";

export type Match =
  | { readonly matched: true; readonly listener: string; readonly route: string }
  | { readonly matched: false; readonly reason: NoMatch; readonly listener?: string };

export type NoMatch = "no_server_name" | "no_matching_listener" | "no_matching_route";

/** `serverName`: lower case, without trailing dot; absent when the client sent none. */
export function matchConnection(table: RouteTable, port: number, serverName: string | undefined): Match {
  const listener = mostSpecific(table.listenerNames, port, serverName);
  if (listener === undefined) {
    return { matched: false, reason: serverName === undefined ? "no_server_name" : "no_matching_listener" };
  }
  const route = mostSpecific(table.routeNames, listener, serverName);
  if (route === undefined) {
    return { matched: false, reason: serverName === undefined ? "no_server_name" : "no_matching_route", listener };
  }
  return { matched: true, listener, route };
}

/**
 * The exact name, then the wildcards from the longest to the shortest, then the one without a hostname. `*.example.com`
 * stands for one or more labels and not for `example.com` itself (Gateway API, Hostname). Without a server name only
 * what has no hostname matches.
 */
function mostSpecific(
  names: PersistentMap<string>,
  scope: string | number,
  serverName: string | undefined,
): string | undefined {
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
