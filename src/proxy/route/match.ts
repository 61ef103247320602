/**
 * Which listener a connection belongs to, and which of its routes takes it.
 *
 * A connection belongs to one listener, the most specific of its port, and never falls back to a less specific one when
 * that has no route for it (Gateway API, Listener: isolation of listeners by hostname). Pure.
 */
import type { ListenerResource } from "../../model/proxy-config.ts";
import type { PersistentMap } from "./persistent-map.ts";
import { ANY_HOSTNAME, hostnameKey, type RouteTable } from "./route-table.ts";

/** `serverName`: lower case, without trailing dot; absent when the client sent none, or its protocol has none. */
export function matchListener(
  table: RouteTable,
  port: number,
  serverName: string | undefined,
): ListenerResource | undefined {
  return mostSpecific(table.listenerNames, port, serverName);
}

/** Name of the route of this listener that takes the connection. */
export function matchRoute(
  table: RouteTable,
  listener: ListenerResource,
  serverName: string | undefined,
): string | undefined {
  return mostSpecific(table.routeNames, listener.name, serverName);
}

/**
 * Answers that were found, by scope and server name, as long as the map that they are from is used: most connections are to
 * few names, and finding one by its wildcards takes several look-ups in a large map.
 */
const found = new WeakMap<object, Map<string | number, Map<string, unknown>>>();
/** So many names of a scope are remembered; then it begins anew, so that nobody can fill the memory with names. */
const MOST_REMEMBERED = 1_024;

/** `search`, but for what is remembered. What has no server name needs one look-up, and is not. */
function mostSpecific<Found>(
  names: PersistentMap<Found>,
  scope: string | number,
  serverName: string | undefined,
): Found | undefined {
  if (serverName === undefined) return search(names, scope, serverName);
  const remembered = rememberedOf(names, scope);
  const known = remembered.get(serverName);
  if (known !== undefined) return known;
  const answer = search(names, scope, serverName);
  if (answer === undefined) return undefined;
  if (remembered.size === MOST_REMEMBERED) remembered.clear();
  remembered.set(serverName, answer);
  return answer;
}

function rememberedOf<Found>(names: PersistentMap<Found>, scope: string | number): Map<string, Found> {
  let scopes = found.get(names) as Map<string | number, Map<string, Found>> | undefined;
  if (scopes === undefined) {
    scopes = new Map();
    found.set(names, scopes);
  }
  let remembered = scopes.get(scope);
  if (remembered === undefined) {
    remembered = new Map();
    scopes.set(scope, remembered);
  }
  return remembered;
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
