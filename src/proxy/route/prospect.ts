/**
 * Everything about connections to one server name that is the same for all of them while the table is the same: their listener
 * and route, and for each of its backends where that leads. What differs from one connection to the next, whose turn it is and
 * who the client is, is added by decide.ts.
 *
 * Pure: the same table and name always give the same.
 */
import type { BackendResource, EndpointsResource, ListenerResource, RouteResource } from "../../model/proxy-config.ts";
import type { Decision, DecisionPath, DialMore, RouteRefusal, Wishes } from "./decide.ts";
import { matchListener, matchRoute } from "./match.ts";
import { portKind } from "./port-kind.ts";
import { findBackend, findEndpoints, type RouteTable } from "./route-table.ts";

export type Prospect =
  /** It ends the same way each time, and nobody's turn is taken. */
  | { readonly listener: ListenerResource | undefined; readonly decision: Decision }
  | {
      readonly listener: RoutedListener;
      readonly decision?: never;
      readonly route: RouteResource;
      /** In the order of the route's backends. */
      readonly choices: readonly Choice[];
      /** Does any of the backends ask for a policy of traffic? */
      readonly hasTraffic: boolean;
    };

/** One of a route's backends. */
export type Choice =
  | { readonly decision: Decision }
  | {
      readonly decision?: never;
      readonly path: DecisionPath;
      readonly backend: BackendResource;
      /** At least one. */
      readonly endpoints: EndpointsResource;
      /** Undefined in the common case. */
      readonly more: DialMore | undefined;
    };

/** A listener of these protocols passes connections on; the others answer by themselves. */
type RoutedListener = Extract<ListenerResource, { protocol: "TLS" | "TCP" }>;

/** `serverName`: lower case, without trailing dot; absent when the client sent none, or its protocol has none. */
export function prospectOf(table: RouteTable, port: number, serverName: string | undefined): Prospect {
  const listener = matchListener(table, port, serverName);
  switch (listener?.protocol) {
    case undefined:
      return { listener, decision: withoutListener(table, port, serverName) };
    case "HTTP":
      return { listener, decision: { action: "answer", path: { listener: listener.name } } };
    case "HTTPS":
      return { listener, decision: { action: "answer", decrypt: listener.tls, path: { listener: listener.name } } };
    case "TLS":
    case "TCP":
      return routed(table, listener, serverName);
  }
}

function withoutListener(table: RouteTable, port: number, serverName: string | undefined): Decision {
  const kind = portKind(table, port);
  // The host of a request is in the request: which listener it is for makes no difference to the answer.
  if (kind === "HTTP") return { action: "answer", path: {} };
  const isNameMissing = serverName === undefined && kind === "TLS";
  return refusal({}, isNameMissing ? "no_server_name" : "no_matching_listener");
}

function routed(table: RouteTable, listener: RoutedListener, serverName: string | undefined): Prospect {
  const route = matchRoute(table, listener, serverName);
  if (route === undefined) {
    const isNameMissing = serverName === undefined && listener.protocol === "TLS";
    const reason = isNameMissing ? "no_server_name" : "no_matching_route";
    return { listener, decision: refusal({ listener: listener.name }, reason) };
  }
  const backends = route.backends.map(({ backend }) => {
    const resource = findBackend(table, backend);
    if (resource === undefined) throw new Error(`the table names a backend that it does not hold: ${backend}`);
    return resource;
  });
  return {
    listener,
    route,
    choices: backends.map((backend) => choiceOf(table, listener, route, backend)),
    hasTraffic: backends.some(({ traffic }) => traffic !== undefined),
  };
}

function choiceOf(table: RouteTable, listener: RoutedListener, route: RouteResource, backend: BackendResource): Choice {
  const path = { listener: listener.name, route: route.name, backend: backend.name };
  const { target } = backend;
  if (target.type === "invalid") return { decision: refusal(path, "invalid_backend", target.reason) };
  const more = moreOf(listener, backend);
  if ("invalid" in more) return { decision: refusal(path, "invalid_backend", more.invalid) };
  if (target.type === "external") return { decision: { action: "dial", target, path, ...more } };
  const endpoints = findEndpoints(table, target.endpoints);
  if (endpoints === undefined) throw new Error(`the table names endpoints that it does not hold: ${target.endpoints}`);
  if (endpoints.endpoints.length === 0) return { decision: refusal(path, "no_ready_endpoint") };
  return { path, backend, endpoints, more: Object.keys(more).length === 0 ? undefined : more };
}

function moreOf(listener: RoutedListener, { tls, traffic }: BackendResource): DialMore | { readonly invalid: string } {
  const wishes = wishesOf(listener, traffic);
  if (listener.protocol === "TCP" || listener.tls.mode === "Passthrough") return wishes;
  const decrypt = listener.tls;
  if (tls === undefined) return { ...wishes, decrypt };
  return tls.type === "invalid" ? { invalid: tls.reason } : { ...wishes, decrypt, encrypt: tls };
}

function wishesOf({ client }: RoutedListener, traffic: BackendResource["traffic"]): { readonly wishes?: Wishes } {
  const timeOuts = client?.timeOuts;
  if (traffic === undefined && timeOuts === undefined) return {};
  return {
    wishes: { ...(traffic === undefined ? {} : { traffic }), ...(timeOuts === undefined ? {} : { timeOuts }) },
  };
}

function refusal(path: DecisionPath, reason: RouteRefusal, detail?: string): Decision {
  return { action: "refuse", reason, path, ...(detail === undefined ? {} : { detail }) };
}
