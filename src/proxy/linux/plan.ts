/**
 * From a server name to what a connection of this engine needs, without leaving the thread: the table's decision, then what is
 * known of an external host. The counterpart of planner.ts, for connections that are passed on as they are; the others are
 * handed over.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint, ListenerResource } from "../../model/proxy-config.ts";
import type { FailedHost } from "../dns/resolve-host.ts";
import { externalPlan, type Overrides } from "../planner.ts";
import type { Balancer } from "../route/balancer.ts";
import { type DecisionPath, decide } from "../route/decide.ts";
import { matchListener } from "../route/match.ts";
import type { RouteTable } from "../route/route-table.ts";
import type { ExternalHostTurns } from "./external-host-turns.ts";

export interface DialPlan {
  readonly action: "dial";
  readonly path: DecisionPath;
  /** In the order to try them; at least one. */
  readonly candidates: readonly Endpoint[];
  readonly race: boolean;
}

export type LinuxPlan =
  | DialPlan
  | {
      readonly action: "refuse";
      readonly path: DecisionPath;
      readonly reason: ConnectionReason;
      readonly detail?: string;
    }
  /** It is to be decrypted, or answered by HTTP: the portable engine's part. */
  | { readonly action: "hand_over" }
  /** Nothing is known of the host yet: whoever asks DNS is to be asked, and then `planExternal`. */
  | { readonly action: "resolve"; readonly path: DecisionPath; readonly host: string; readonly port: number };

const HAND_OVER: LinuxPlan = { action: "hand_over" };

export interface PlanContext {
  readonly table: RouteTable;
  /** Of `table`; see `mixedPorts`. */
  readonly mixedPorts: ReadonlySet<number>;
  readonly balancer: Balancer;
  readonly overrides: Overrides;
  readonly hosts: Pick<ExternalHostTurns, "lookup">;
}

export function planConnection(context: PlanContext, port: number, serverName: string | undefined): LinuxPlan {
  // Before the decision, which takes a turn of the balancer: that is for who serves the connection.
  if (context.mixedPorts.has(port) && !passesOn(matchListener(context.table, port, serverName))) return HAND_OVER;
  const decision = decide(context.table, context.balancer, { port, serverName });
  if (decision.action === "refuse") return decision;
  if (decision.action === "answer" || decision.decrypt !== undefined) return HAND_OVER;
  const { path, target } = decision;
  if (target.type === "endpoints") return { action: "dial", path, candidates: target.endpoints, race: false };
  const override = context.overrides.get(`${target.host.toLowerCase()}:${target.port}`);
  if (override !== undefined) return { action: "dial", path, candidates: [override], race: false };
  const answer = context.hosts.lookup(target.host);
  return answer === undefined
    ? { action: "resolve", path, host: target.host, port: target.port }
    : planExternal(path, answer, target.port);
}

/** The ports with a listener that does not pass its connections on as they are. */
export function mixedPorts(table: RouteTable): Set<number> {
  const mixed = [...table.listeners.values()].filter(({ resource }) => !passesOn(resource));
  return new Set(mixed.map(({ resource }) => resource.port));
}

/** Whom no listener takes is refused, which any engine can. */
function passesOn(listener: ListenerResource | undefined): boolean {
  switch (listener?.protocol) {
    case undefined:
    case "TCP":
      return true;
    case "TLS":
      return listener.tls.mode === "Passthrough";
    case "HTTP":
    case "HTTPS":
      return false;
  }
}

/** `answer`: addresses in the order to try them, or why there are none. */
export function planExternal(path: DecisionPath, answer: readonly string[] | FailedHost, port: number): LinuxPlan {
  return { path, ...externalPlan(answer, port) };
}
