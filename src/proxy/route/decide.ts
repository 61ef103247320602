/**
 * What is to become of a connection whose server name is known, or whose protocol has none: where to dial and which layers
 * of TLS are ours, that the proxy answers by itself, or why it is refused.
 *
 * Pure but for the turns that the balancer takes. It neither resolves nor dials, and it looks into no certificate.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type {
  BackendResource,
  BackendTls,
  Endpoint,
  ListenerResource,
  RouteResource,
  TerminateTls,
} from "../../model/proxy-config.ts";
import type { BackendTraffic, RelayTimeOuts } from "../../model/traffic.ts";
import type { Balancer } from "../balance/balancer.ts";
import type { DialFeedback } from "../balance/feedback.ts";
import { matchListener, matchRoute } from "./match.ts";
import { portKind } from "./port-kind.ts";
import { findBackend, findEndpoints, findRoute, type RouteTable } from "./route-table.ts";

/** Names of the resources that a decision came by, as far as it came. */
export interface DecisionPath {
  readonly listener?: string;
  readonly route?: string;
  readonly backend?: string;
}

export type RouteRefusal = Extract<
  ConnectionReason,
  | "client_denied"
  | "no_server_name"
  | "no_matching_listener"
  | "no_matching_route"
  | "no_backend"
  | "invalid_backend"
  | "no_ready_endpoint"
>;

export type DialTarget =
  /** Try these in this order, at least one, and tell how it went if somebody wants to know. */
  | { readonly type: "endpoints"; readonly endpoints: readonly Endpoint[]; readonly feedback?: DialFeedback }
  | { readonly type: "external"; readonly host: string; readonly port: number };

export type VerifiedBackendTls = Extract<BackendTls, { type: "verified" }>;

/** What listener and backend ask for besides where to dial. */
export interface Wishes {
  readonly traffic?: BackendTraffic;
  readonly timeOuts?: RelayTimeOuts;
}

/** Which layers of TLS the proxy ends and begins. Only what was decrypted is encrypted anew. */
type TlsLayers =
  | { readonly decrypt?: never; readonly encrypt?: never }
  | { readonly decrypt: TerminateTls; readonly encrypt?: VerifiedBackendTls };

export type Decision = { readonly path: DecisionPath } & (
  | ({ readonly action: "dial"; readonly target: DialTarget; readonly wishes?: Wishes } & TlsLayers)
  /** HTTP, beneath TLS if there is `decrypt`: every request is answered 503. */
  | { readonly action: "answer"; readonly decrypt?: TerminateTls }
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
  /** From the ClientHello. Undefined: the client sent none, or it is no TLS port. */
  readonly serverName: string | undefined;
  /** IP address of the client; absent: whoever it is. */
  readonly client?: string;
  /** On the proxy's clock; absent: what endpoints did before does not matter. */
  readonly nowMs?: number;
  /** Does this listener not take the client? Absent: it does. */
  readonly isDenied?: (listener: ListenerResource, client: string | undefined) => boolean;
}

export function decide(table: RouteTable, balancer: Balancer, request: ConnectionRequest): Decision {
  const { port, serverName } = request;
  const listener = matchListener(table, port, serverName);
  if (listener === undefined) return withoutListener(table, port, serverName);
  // Who the client is costs a system call, so it is asked only where the listener has rules.
  if (listener.client !== undefined && request.isDenied?.(listener, request.client) === true) {
    return { action: "refuse", reason: "client_denied", path: { listener: listener.name } };
  }
  switch (listener.protocol) {
    case "HTTP":
      return { action: "answer", path: { listener: listener.name } };
    case "HTTPS":
      return { action: "answer", decrypt: listener.tls, path: { listener: listener.name } };
    case "TLS":
    case "TCP":
      return chooseRoute(table, balancer, listener, request);
  }
}

function withoutListener(table: RouteTable, port: number, serverName: string | undefined): Decision {
  const kind = portKind(table, port);
  // The host of a request is in the request: which listener it is for makes no difference to the answer.
  if (kind === "HTTP") return { action: "answer", path: {} };
  const isNameMissing = serverName === undefined && kind === "TLS";
  return { action: "refuse", reason: isNameMissing ? "no_server_name" : "no_matching_listener", path: {} };
}

/** A listener of these protocols passes connections on; the others answer by themselves. */
type RoutedListener = Extract<ListenerResource, { protocol: "TLS" | "TCP" }>;

function chooseRoute(
  table: RouteTable,
  balancer: Balancer,
  listener: RoutedListener,
  request: ConnectionRequest,
): Decision {
  const { serverName } = request;
  const name = matchRoute(table, listener, serverName);
  if (name === undefined) {
    const isNameMissing = serverName === undefined && listener.protocol === "TLS";
    const reason = isNameMissing ? "no_server_name" : "no_matching_route";
    return { action: "refuse", reason, path: { listener: listener.name } };
  }
  const route = findRoute(table, name);
  if (route === undefined) throw new Error(`the table names a route that it does not hold: ${name}`);
  return chooseBackend(table, balancer, route, listener, request);
}

function chooseBackend(
  table: RouteTable,
  balancer: Balancer,
  route: RouteResource,
  listener: RoutedListener,
  request: ConnectionRequest,
): Decision {
  const choice = balancer.nextBackend(route);
  if (choice === undefined) {
    return { action: "refuse", reason: "no_backend", path: { listener: listener.name, route: route.name } };
  }
  const path = { listener: listener.name, route: route.name, backend: choice.backend };
  const backend = findBackend(table, choice.backend);
  if (backend === undefined) throw new Error(`the table names a backend that it does not hold: ${choice.backend}`);
  const target = dialTarget(table, balancer, backend, request);
  if ("reason" in target) return { action: "refuse", ...target, path };
  const wishes = wishesOf(listener, backend);
  const action = "dial";
  const dial = wishes === undefined ? ({ action, target, path } as const) : ({ action, target, path, wishes } as const);
  if (listener.protocol === "TCP" || listener.tls.mode === "Passthrough") return dial;
  const decrypt = listener.tls;
  const { tls } = backend;
  if (tls === undefined) return { ...dial, decrypt };
  if (tls.type === "invalid") return { action: "refuse", reason: "invalid_backend", detail: tls.reason, path };
  return { ...dial, decrypt, encrypt: tls };
}

/** Undefined in the common case, which should cost nothing. */
function wishesOf({ client }: RoutedListener, { traffic }: BackendResource): Wishes | undefined {
  const timeOuts = client?.timeOuts;
  if (traffic === undefined && timeOuts === undefined) return undefined;
  return { ...(traffic === undefined ? {} : { traffic }), ...(timeOuts === undefined ? {} : { timeOuts }) };
}

type NoTarget = { readonly reason: RouteRefusal; readonly detail?: string };

function dialTarget(
  table: RouteTable,
  balancer: Balancer,
  backend: BackendResource,
  request: ConnectionRequest,
): DialTarget | NoTarget {
  const { target } = backend;
  switch (target.type) {
    case "invalid":
      return { reason: "invalid_backend", detail: target.reason };
    case "external":
      return target;
    case "endpoints": {
      const resource = findEndpoints(table, target.endpoints);
      if (resource === undefined)
        throw new Error(`the table names endpoints that it does not hold: ${target.endpoints}`);
      if (resource.endpoints.length === 0) return { reason: "no_ready_endpoint" };
      const { endpoints, feedback } = balancer.order(backend, resource, request, MAX_ENDPOINTS_TRIED);
      return feedback === undefined ? { type: "endpoints", endpoints } : { type: "endpoints", endpoints, feedback };
    }
  }
}
