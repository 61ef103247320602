/** Conditions of a listener, a Gateway's or a ListenerSet's: what its spec allows, joined with what the proxies say they serve. */
import type {
  ListenerAcceptedReason,
  ListenerConflictReason,
  ListenerProgrammedReason,
  ListenerResolvedRefsReason,
} from "../../gateway-api/reasons.ts";
import type { DesiredCondition, DesiredListenerStatus } from "../../model/plan.ts";
import type { ProxyConfig } from "../../model/proxy-config.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { condition, count } from "../conditions.ts";
import type { GatewayWork } from "../gateway-work.ts";
import type { AssessedListener, ListenerOwner, ListenerVerdict } from "../listeners/assess.ts";
import { computeServing, indexReports, type Refusal, type RunningSide, type Serving } from "./serving.ts";

export interface JudgedListener {
  readonly status: DesiredListenerStatus;
  /** Can it be served? A valid listener is, at the latest once the proxies have it. */
  readonly valid: boolean;
  readonly programmed: boolean;
  /** The proxies that fail to serve the listener, and the reason, while others serve it. */
  readonly impaired?: string;
}

/** By the object in whose spec they stand. */
export type JudgedListeners = (owner: ListenerOwner) => readonly JudgedListener[];

export function judgeListeners(
  work: GatewayWork,
  config: ProxyConfig,
  deployment: ObservedDeployment | undefined,
): JudgedListeners {
  const running = indexReports(deployment);
  const judged = new Map<ListenerOwner, JudgedListener[]>();
  for (const assessed of work.listeners) {
    const one = judgeListener(work, assessed, config, running);
    const known = judged.get(assessed.owner);
    if (known === undefined) judged.set(assessed.owner, [one]);
    else known.push(one);
  }
  return (owner) => judged.get(owner) ?? [];
}

/** Returns why Programmed is False although the listeners are valid, as one message; undefined: all are served. */
export function describeWaiting(listeners: readonly JudgedListener[]): string | undefined {
  const impaired = listeners.filter((listener) => listener.impaired !== undefined);
  const [first] = impaired;
  if (first !== undefined) {
    const more = impaired.length > 1 ? ` (${impaired.length - 1} more: see the conditions of the listeners)` : "";
    return `Listener "${first.status.name}": ${first.impaired}${more}`;
  }
  const waiting = namesOf(listeners, ({ valid, programmed }) => valid && !programmed);
  return waiting === "" ? undefined : `Waiting for listener ${waiting}: see its conditions`;
}

/** `"a", "b"`: those that `select` takes, by name. */
export function namesOf(listeners: readonly JudgedListener[], select: (listener: JudgedListener) => boolean): string {
  return listeners
    .filter(select)
    .map(({ status }) => `"${status.name}"`)
    .join(", ");
}

function judgeListener(
  work: GatewayWork,
  assessed: AssessedListener,
  config: ProxyConfig,
  running: RunningSide,
): JudgedListener {
  const serving = computeServing(assessed, config, running);
  const verdict = serving.state === "refused" ? serving.verdict : assessed.verdict;
  const { name } = assessed.listener;
  const attachedRoutes = work.attachedRoutes(assessed.name);
  const conditions = [
    accepted(assessed, verdict),
    conflicted(verdict),
    resolvedRefs(assessed),
    programmed(assessed, serving),
  ];
  return {
    status: { name, supportedKinds: assessed.supportedKinds, attachedRoutes, conditions },
    valid: serving.state === "serving" || serving.state === "pending" || serving.state === "impaired",
    programmed: serving.state === "serving",
    ...(serving.state === "impaired" && { impaired: serving.message }),
  };
}

function accepted({ listener, resource }: AssessedListener, verdict: ListenerVerdict): DesiredCondition {
  const make = condition<ListenerAcceptedReason>;
  if (!verdict.ok) return make("Accepted", false, verdict.reason, verdict.message);
  if (resource === undefined) {
    return make("Accepted", true, "Accepted", "The listener is valid, but cannot be served: see ResolvedRefs");
  }
  const note = isHttp(listener.protocol) ? `, but ${HTTP_NOTE}` : "";
  return make("Accepted", true, "Accepted", `The listener is valid${note}`);
}

/** What nobody should have to find out by trying. */
const HTTP_NOTE = "HTTP is not routed here: every request is answered with 503";

function isHttp(protocol: string): boolean {
  return protocol === "HTTP" || protocol === "HTTPS";
}

function conflicted(verdict: ListenerVerdict): DesiredCondition {
  if (!verdict.ok && isConflict(verdict.reason)) {
    return condition<ListenerConflictReason>("Conflicted", true, verdict.reason, verdict.message);
  }
  return condition("Conflicted", false, "NoConflicts", "No other listener claims its connections");
}

function isConflict(reason: Refusal["reason"]): reason is ListenerConflictReason {
  return reason === "HostnameConflict" || reason === "ProtocolConflict";
}

function resolvedRefs({ resolvedRefs: { reason, message } }: AssessedListener): DesiredCondition {
  return condition<ListenerResolvedRefsReason>("ResolvedRefs", reason === "ResolvedRefs", reason, message);
}

function programmed(assessed: AssessedListener, serving: Serving): DesiredCondition {
  const make = condition<ListenerProgrammedReason>;
  switch (serving.state) {
    case "serving": {
      const note = isHttp(assessed.listener.protocol) ? `; ${HTTP_NOTE}` : "";
      return make("Programmed", true, "Programmed", `Served by ${count(serving.proxies, "proxy", "proxies")}${note}`);
    }
    case "pending":
    case "impaired":
      return make("Programmed", false, "Pending", serving.message);
    case "unresolved":
      return make("Programmed", false, "Invalid", assessed.resolvedRefs.message);
    case "refused":
      return make("Programmed", false, refusedReason(assessed.owner, serving.verdict), serving.verdict.message);
  }
}

/** For an entry of a ListenerSet the API repeats the reason; for a Gateway's listener it has one word for all. */
function refusedReason({ kind }: ListenerOwner, { reason }: Refusal): ListenerProgrammedReason {
  return kind === "ListenerSet" && (isConflict(reason) || reason === "PortUnavailable") ? reason : "Invalid";
}
