/** Conditions of a listener, a Gateway's or a ListenerSet's: what its spec allows, joined with what the proxies say they serve. */
import type {
  ListenerAcceptedReason,
  ListenerConflictReason,
  ListenerProgrammedReason,
  ListenerResolvedRefsReason,
} from "../../gateway-api/reasons.ts";
import type { DesiredCondition, DesiredListenerStatus } from "../../model/plan.ts";
import type { ProxyConfig, ResourceKey } from "../../model/proxy-config.ts";
import type { ListenerReport } from "../../model/proxy-report.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { condition, count } from "../conditions.ts";
import type { GatewayWork } from "../gateway-work.ts";
import type { AssessedListener, ListenerOwner, ListenerVerdict } from "../listeners/assess.ts";

export interface JudgedListener {
  readonly status: DesiredListenerStatus;
  /** Can it be served? A valid listener is, at the latest once the proxies have it. */
  readonly valid: boolean;
  readonly programmed: boolean;
}

/** By the object in whose spec they stand. */
export type JudgedListeners = (owner: ListenerOwner) => readonly JudgedListener[];

export function judgeListeners(
  work: GatewayWork,
  config: ProxyConfig,
  deployment: ObservedDeployment | undefined,
): JudgedListeners {
  const running = runningSide(deployment);
  const judged = new Map<ListenerOwner, JudgedListener[]>();
  for (const assessed of work.listeners) {
    const one = judgeListener(work, assessed, config, running);
    const known = judged.get(assessed.owner);
    if (known === undefined) judged.set(assessed.owner, [one]);
    else known.push(one);
  }
  return (owner) => judged.get(owner) ?? [];
}

/** What the proxies say, in the order in which it is asked for: thousands of listeners may have reports. */
interface RunningSide {
  readonly proxies: number;
  readonly reports: ReadonlyMap<ResourceKey, readonly ListenerReport[]>;
  readonly readyPorts: ReadonlySet<number>;
}

function runningSide({ proxies, readyPorts }: ObservedDeployment = NOTHING_RUNS): RunningSide {
  // A proxy that has not applied its first configuration takes no connections yet (it is not Ready): it is not counted.
  const serving = proxies.filter((proxy) => proxy.revision !== "");
  const reports = Map.groupBy(
    serving.flatMap((proxy) => proxy.listeners),
    ({ key }) => key,
  );
  return { proxies: serving.length, reports, readyPorts: new Set(readyPorts) };
}

const NOTHING_RUNS: ObservedDeployment = { addresses: [], readyPorts: [], proxies: [] };

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
  const serving = judgeServing(assessed, config, running);
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
    valid: serving.state === "serving" || serving.state === "pending",
    programmed: serving.state === "serving",
  };
}

type Refusal = Exclude<ListenerVerdict, { ok: true }>;

type Serving =
  | { readonly state: "serving"; readonly proxies: number }
  | { readonly state: "pending"; readonly message: string }
  | { readonly state: "unresolved" }
  | { readonly state: "refused"; readonly verdict: Refusal };

function judgeServing(
  assessed: AssessedListener,
  config: ProxyConfig,
  { proxies, reports, readyPorts }: RunningSide,
): Serving {
  if (!assessed.verdict.ok) return { state: "refused", verdict: assessed.verdict };
  if (assessed.resource === undefined) return { state: "unresolved" };
  const key = `listener:${assessed.name}`;
  const version = config.resources.get(key)?.version;
  if (proxies === 0) return { state: "pending", message: "No proxy has reported yet" };
  const current = (reports.get(key) ?? []).filter((report) => report.version === version);
  const failed = current.find((report) => report.state === "failed");
  if (failed !== undefined) return { state: "refused", verdict: unavailable(failed) };
  const { port } = assessed.listener;
  if (current.length < proxies) {
    const all = count(proxies, "proxy has", "proxies have");
    return { state: "pending", message: `${current.length} of ${all} bound port ${port} for it` };
  }
  if (!readyPorts.has(port)) {
    return { state: "pending", message: `Port ${port} is bound, but the address does not lead to a ready proxy yet` };
  }
  return { state: "serving", proxies };
}

function unavailable({ message }: ListenerReport & { readonly state: "failed" }): Refusal {
  return { ok: false, reason: "PortUnavailable", message };
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
