/**
 * Which listener, route and backends a connection gets, and why every other candidate lost. Pure. The winner is the data plane's own
 * (translate, then decide on the proxy's table), so that the answer can never differ from what proxies do; here is only said why.
 */

import type { Plan } from "../model/plan.ts";
import type { ListenerResource, ProxyConfig } from "../model/proxy-config.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { ClientRules } from "../proxy/admit/client-rules.ts";
import { Balancer } from "../proxy/balance/balancer.ts";
import { applyDelta } from "../proxy/route/apply-delta.ts";
import { type Decision, decide } from "../proxy/route/decide.ts";
import { portKind } from "../proxy/route/port-kind.ts";
import { EMPTY_TABLE, findRoute, type RouteTable } from "../proxy/route/route-table.ts";
import { translate } from "../translate/translate.ts";
import { backendShares } from "./backends.ts";
import type { BackendShare, Explanation, Outcome } from "./explanation.ts";
import { type Candidate, candidatesOf, lostListeners } from "./listeners.ts";
import { lostRoutes } from "./routes.ts";

export interface Question {
  /** Lower case, without a trailing dot; undefined for a client that sends none. */
  readonly serverName: string | undefined;
  /** All ports with listeners when absent. */
  readonly port?: number;
  /** IP address; absent: a client that the listener takes. */
  readonly client?: string;
}

/** What a Gateway's configuration is changed by on its way to the proxies. `gateway`: `namespace/name`. */
export type Shaping = (config: ProxyConfig, gateway: string) => ProxyConfig;

/** By Gateway, then port. Empty: no Gateway of ours has a listener there. */
export function explain(
  snapshot: Snapshot,
  question: Question,
  shape: Shaping = (config) => config,
): readonly Explanation[] {
  const plan = translate(snapshot);
  return [...plan.gateways].flatMap(([gateway, { config }]) => {
    const table = tableOf(shape(config, gateway));
    const candidates = candidatesOf(snapshot, plan, gateway);
    const ports = [...new Set(candidates.map(({ port }) => port))].sort((a, b) => a - b);
    return ports
      .filter((port) => question.port === undefined || question.port === port)
      .map((port) => explainPort({ snapshot, plan, gateway, table, candidates, port }, question));
  });
}

export interface Place {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** `namespace/name`. */
  readonly gateway: string;
  readonly table: RouteTable;
  /** The Gateway's listeners, served or not. */
  readonly candidates: readonly Candidate[];
  readonly port: number;
}

/** The table of a proxy with this configuration. */
export function tableOf(config: ProxyConfig): RouteTable {
  const applied = applyDelta(EMPTY_TABLE, { revision: config.revision, upserts: config.resources, removals: [] });
  if ("refused" in applied) throw new Error(`a proxy would refuse this configuration: ${applied.refused.message}`);
  return applied.ok;
}

/** The decision of a proxy; a port that speaks no TLS sees no server name. */
export function decideAt(table: RouteTable, port: number, serverName: string | undefined): Decision {
  const seen = portKind(table, port) === "TLS" ? serverName : undefined;
  return decide(table, new Balancer(() => 0), { port, serverName: seen });
}

function explainPort(place: Place, { serverName, client }: Question): Explanation {
  const { table, gateway, port } = place;
  const decision = decideAt(table, port, serverName);
  const { listener, route } = decision.path;
  const resource = route === undefined ? undefined : findRoute(table, route);
  const protocol = portKind(table, port);
  const backends = resource === undefined ? [] : backendShares(table, resource);
  const winner = listener === undefined ? undefined : table.listeners.get(listener)?.resource;
  return {
    gateway,
    port,
    ...(protocol !== undefined && { protocol }),
    outcome: isDenied(winner, client) ? { action: "refuse", reason: "client_denied" } : outcomeOf(decision, backends),
    ...(listener !== undefined && { listener }),
    ...(winner?.client !== undefined && { clients: winner.client }),
    ...(route !== undefined && { route }),
    backends,
    lost: {
      listeners: lostListeners(place, serverName, winner),
      routes: lostRoutes(place, nameSeenBy(winner, serverName), winner, resource),
    },
  };
}

/** By the rules that the proxies go by. */
function isDenied(winner: ListenerResource | undefined, client: string | undefined): boolean {
  return winner !== undefined && client !== undefined && new ClientRules().isDenied(winner, client);
}

function nameSeenBy(winner: ListenerResource | undefined, serverName: string | undefined): string | undefined {
  return winner?.protocol === "TCP" ? undefined : serverName;
}

/** The decision is one connection's; a route serves when any of its shares does. */
function outcomeOf(decision: Decision, backends: readonly BackendShare[]): Outcome {
  if (decision.action === "answer") return { action: "answer" };
  if (backends.some(({ share, refusal }) => share > 0 && refusal === undefined)) return { action: "serve" };
  if (decision.action === "refuse") return { action: "refuse", reason: decision.reason };
  return { action: "refuse", reason: backends.some(({ isLoop }) => isLoop) ? "backend_loop" : "no_backend" };
}

/**
 * Reports whether a listener would serve the connection. Without a port in the query only TLS listeners count: a TCP listener serves
 * every client, whatever server name it sends.
 */
export function isServed(explanations: readonly Explanation[], port?: number): boolean {
  return explanations.some(
    ({ outcome, protocol }) => outcome.action === "serve" && (port !== undefined || protocol === "TLS"),
  );
}
