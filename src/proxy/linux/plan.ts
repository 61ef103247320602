/**
 * From a server name to what a connection of this engine needs, without leaving the thread: the table's decision, then what is
 * known of an external host. The counterpart of planner.ts, for connections that are passed on as they are.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { FailedHost } from "../dns/resolve-host.ts";
import { externalPlan, type Overrides } from "../planner.ts";
import type { Balancer } from "../route/balancer.ts";
import { type DecisionPath, decide } from "../route/decide.ts";
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
  /** Nothing is known of the host yet: whoever asks DNS is to be asked, and then `planExternal`. */
  | { readonly action: "resolve"; readonly path: DecisionPath; readonly host: string; readonly port: number };

export interface PlanContext {
  readonly table: RouteTable;
  readonly balancer: Balancer;
  readonly overrides: Overrides;
  readonly hosts: Pick<ExternalHostTurns, "lookup">;
}

/** A port turns to a protocol that this engine does not serve, and this connection came too early for the other. */
const CHANGING = "the port is changing its protocol";

export function planConnection(context: PlanContext, port: number, serverName: string | undefined): LinuxPlan {
  const decision = decide(context.table, context.balancer, { port, serverName });
  if (decision.action === "refuse") return decision;
  const { path } = decision;
  if (decision.action === "answer" || decision.decrypt !== undefined) {
    return { action: "refuse", path, reason: "no_matching_listener", detail: CHANGING };
  }
  const { target } = decision;
  if (target.type === "endpoints") return { action: "dial", path, candidates: target.endpoints, race: false };
  const override = context.overrides.get(`${target.host.toLowerCase()}:${target.port}`);
  if (override !== undefined) return { action: "dial", path, candidates: [override], race: false };
  const answer = context.hosts.lookup(target.host);
  return answer === undefined
    ? { action: "resolve", path, host: target.host, port: target.port }
    : planExternal(path, answer, target.port);
}

/** `answer`: addresses in the order to try them, or why there are none. */
export function planExternal(path: DecisionPath, answer: readonly string[] | FailedHost, port: number): LinuxPlan {
  return { path, ...externalPlan(answer, port) };
}
