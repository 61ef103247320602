/**
 * From a server name to what a connection of this engine needs, without leaving the thread: the table's decision, then what is
 * known of an external host. The counterpart of planner.ts, for connections that are passed on as they are; the others are
 * handed over.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { Balancer } from "../balance/balancer.ts";
import type { FailedHost } from "../dns/resolve-host.ts";
import { externalPlan, type Overrides } from "../planner.ts";
import { type DecisionPath, decideBy } from "../route/decide.ts";
import type { Prospect } from "../route/prospect.ts";
import type { ExternalHostTurns } from "./external-host-turns.ts";
import { isServedHere } from "./served-here.ts";

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
  /** The portable engine's part: see served-here.ts. */
  | { readonly action: "hand_over" }
  /** Nothing is known of the host yet: whoever asks DNS is to be asked, and then `planExternal`. */
  | { readonly action: "resolve"; readonly path: DecisionPath; readonly host: string; readonly port: number };

/** Who the client is matters to policies only, and those are not served here. */
const NOBODY = {};
const HAND_OVER: LinuxPlan = { action: "hand_over" };

export interface PlanContext {
  readonly balancer: Balancer;
  readonly overrides: Overrides;
  readonly hosts: Pick<ExternalHostTurns, "lookup">;
}

export function planConnection(prospect: Prospect, context: PlanContext): LinuxPlan {
  // Before the decision, which takes a turn of the balancer: that is for who serves the connection.
  if (!isServedHere(prospect)) return HAND_OVER;
  const decision = decideBy(prospect, context.balancer, NOBODY);
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

/** `answer`: addresses in the order to try them, or why there are none. */
export function planExternal(path: DecisionPath, answer: readonly string[] | FailedHost, port: number): LinuxPlan {
  return { path, ...externalPlan(answer, port) };
}
