/**
 * What is to become of a connection whose ClientHello is known: where to dial, or why it is refused.
 *
 * Pure but for the turns that the balancer takes. It neither resolves nor dials.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint, RouteResource } from "../../model/proxy-config.ts";
import type { Balancer } from "./balancer.ts";
import { matchConnection, type NoMatch } from "./match.ts";
import { findBackend, findEndpoints, findRoute, type RouteTable } from "./route-table.ts";

/** Names of the resources that a decision came by, as far as it came. */
export interface DecisionPath {
  readonly listener?: string;
  readonly route?: string;
  readonly backend?: string;
}

export type RouteRefusal = NoMatch | Extract<ConnectionReason, "no_backend" | "invalid_backend" | "no_ready_endpoint">;

export type DialTarget =
  /** Try these in this order. At least one. */
  | { readonly type: "endpoints"; readonly endpoints: readonly Endpoint[] }
  | { readonly type: "external"; readonly host: string; readonly port: number };

export type Decision = { readonly path: DecisionPath } & (
  | { readonly action: "dial"; readonly target: DialTarget }
  | { readonly action: "refuse"; readonly reason: RouteRefusal; readonly detail?: string }
);

/**
 * How many endpoints one connection may try. A refusal costs a round trip, a time-out five seconds: with eight of them the
 * worst case is 40 s, when any client has long given up.
 */
export const MAX_ENDPOINTS_TRIED = 8;

export interface ConnectionRequest {
  /** Port of the listener that accepted. */
  readonly port: number;
  readonly serverName: string | undefined;
}

export function decide(table: RouteTable, balancer: Balancer, request: ConnectionRequest): Decision {
  const match = matchConnection(table, request.port, request.serverName);
  if (!match.matched) {
    const path = match.listener === undefined ? {} : { listener: match.listener };
    return { action: "refuse", reason: match.reason, path };
  }
  const path = { listener: match.listener, route: match.route };
  const route = findRoute(table, match.route);
  if (route === undefined) throw new Error(`the table names a route that it does not hold: ${match.route}`);
  return chooseBackend(table, balancer, route, path);
}

function chooseBackend(table: RouteTable, balancer: Balancer, route: RouteResource, path: DecisionPath): Decision {
  const choice = balancer.nextBackend(route);
  if (choice === undefined) return { action: "refuse", reason: "no_backend", path };
  const chosen = { ...path, backend: choice.backend };
  const backend = findBackend(table, choice.backend);
  if (backend === undefined) throw new Error(`the table names a backend that it does not hold: ${choice.backend}`);
  const { target } = backend;
  switch (target.type) {
    case "invalid":
      return { action: "refuse", reason: "invalid_backend", detail: target.reason, path: chosen };
    case "external":
      return { action: "dial", target: { type: "external", host: target.host, port: target.port }, path: chosen };
    case "endpoints": {
      const endpoints = inTurn(table, balancer, target.endpoints);
      return endpoints.length === 0
        ? { action: "refuse", reason: "no_ready_endpoint", path: chosen }
        : { action: "dial", target: { type: "endpoints", endpoints }, path: chosen };
    }
  }
}

/** The endpoints from the one whose turn it is, as many as may be tried. */
function inTurn(table: RouteTable, balancer: Balancer, name: string): Endpoint[] {
  const resource = findEndpoints(table, name);
  if (resource === undefined) throw new Error(`the table names endpoints that it does not hold: ${name}`);
  const { endpoints } = resource;
  if (endpoints.length === 0) return [];
  const first = balancer.nextEndpoint(resource);
  const rotated = [
    ...endpoints.slice(first, first + MAX_ENDPOINTS_TRIED),
    ...endpoints.slice(0, Math.min(first, MAX_ENDPOINTS_TRIED)),
  ];
  return rotated.slice(0, MAX_ENDPOINTS_TRIED);
}
