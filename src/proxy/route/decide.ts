/**
 * What is to become of a connection whose server name is known, or whose protocol has none: where to dial and which layers
 * of TLS are ours, that the proxy answers by itself, or why it is refused.
 *
 * Pure but for the turns that the balancer takes. It neither resolves nor dials, and it looks into no certificate.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { BackendTls, Endpoint, ListenerResource, TerminateTls } from "../../model/proxy-config.ts";
import type { BackendTraffic, RelayTimeOuts } from "../../model/traffic.ts";
import type { Balancer } from "../balance/balancer.ts";
import type { DialFeedback } from "../balance/feedback.ts";
import { type Prospect, prospectOf } from "./prospect.ts";
import type { RouteTable } from "./route-table.ts";

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

type VerifiedBackendTls = Extract<BackendTls, { type: "verified" }>;

/** What listener and backend ask for besides where to dial. */
export interface Wishes {
  readonly traffic?: BackendTraffic;
  readonly timeOuts?: RelayTimeOuts;
}

/** What a dial is besides its target: wishes, and which layers of TLS the proxy ends and begins. Only what was decrypted is encrypted anew. */
export type DialMore = { readonly wishes?: Wishes } & (
  | { readonly decrypt?: never; readonly encrypt?: never }
  | { readonly decrypt: TerminateTls; readonly encrypt?: VerifiedBackendTls }
);

export type Decision = { readonly path: DecisionPath } & (
  | ({ readonly action: "dial"; readonly target: DialTarget } & DialMore)
  /** HTTP, beneath TLS if there is `decrypt`: every request is answered 503. */
  | { readonly action: "answer"; readonly decrypt?: TerminateTls }
  | { readonly action: "refuse"; readonly reason: RouteRefusal; readonly detail?: string }
);

/**
 * How many endpoints one connection may try. A refusal costs a round trip, a time-out five seconds: with eight of them the
 * worst case is 40 s, when any client has long given up.
 */
export const MAX_ENDPOINTS_TRIED = 8;

export interface ConnectionRequest extends RequestingClient {
  /** Port of the listener that accepted. */
  readonly port: number;
  /** From the ClientHello. Undefined: the client sent none, or it is no TLS port. */
  readonly serverName: string | undefined;
}

/** What is read only where a listener or a backend asks for it. */
export interface RequestingClient {
  /** IP address of the client; absent: whoever it is. */
  readonly client?: string;
  /** On the proxy's clock; absent: what endpoints did before does not matter. */
  readonly nowMs?: number;
  /** Does this listener not take the client? Absent: it does. */
  readonly isDenied?: (listener: ListenerResource, client: string | undefined) => boolean;
}

export function decide(table: RouteTable, balancer: Balancer, request: ConnectionRequest): Decision {
  return decideBy(prospectOf(table, request.port, request.serverName), balancer, request);
}

/** The same, where the prospect of the request's port and server name is known. */
export function decideBy(prospect: Prospect, balancer: Balancer, request: RequestingClient): Decision {
  const { listener } = prospect;
  // Who the client is costs a system call, so it is asked only where the listener has rules.
  if (listener?.client !== undefined && request.isDenied?.(listener, request.client) === true) {
    return { action: "refuse", reason: "client_denied", path: { listener: listener.name } };
  }
  if (prospect.decision !== undefined) return prospect.decision;
  const choice = prospect.choices[balancer.nextBackend(prospect.route)];
  if (choice === undefined) {
    // No backend has a weight.
    const path = { listener: prospect.listener.name, route: prospect.route.name };
    return { action: "refuse", reason: "no_backend", path };
  }
  if (choice.decision !== undefined) return choice.decision;
  const { backend, endpoints: resource, more, path } = choice;
  const { endpoints, feedback } = balancer.order(backend, resource, request, MAX_ENDPOINTS_TRIED);
  const target: DialTarget =
    feedback === undefined ? { type: "endpoints", endpoints } : { type: "endpoints", endpoints, feedback };
  return more === undefined ? { action: "dial", target, path } : { action: "dial", target, path, ...more };
}
