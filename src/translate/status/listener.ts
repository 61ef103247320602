/** Conditions of a listener: what its spec allows, joined with what the proxies say they serve. */
import type {
  ListenerAcceptedReason,
  ListenerConflictReason,
  ListenerProgrammedReason,
  ListenerResolvedRefsReason,
} from "../../gateway-api/reasons.ts";
import type { DesiredCondition, DesiredListenerStatus } from "../../model/plan.ts";
import type { ProxyConfig } from "../../model/proxy-config.ts";
import type { ListenerReport } from "../../model/proxy-report.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { condition, count } from "../conditions.ts";
import type { GatewayWork } from "../gateway-work.ts";
import type { AssessedListener } from "../listeners/assess.ts";

export interface JudgedListener {
  readonly status: DesiredListenerStatus;
  readonly accepted: boolean;
  readonly programmed: boolean;
}

export function judgeListener(
  work: GatewayWork,
  assessed: AssessedListener,
  config: ProxyConfig,
  deployment: ObservedDeployment | undefined,
): JudgedListener {
  const serving = judgeServing(assessed, config, deployment);
  const verdict = serving.state === "unusable" ? serving.verdict : assessed.verdict;
  const conditions = [
    verdict.ok
      ? condition<ListenerAcceptedReason>("Accepted", true, "Accepted", "The listener is valid")
      : condition<ListenerAcceptedReason>("Accepted", false, verdict.reason, verdict.message),
    conflicted(verdict),
    resolvedRefs(assessed),
    programmed(serving),
  ];
  const { name } = assessed.listener;
  const attachedRoutes = work.attachedRoutes(assessed.name);
  return {
    status: { name, supportedKinds: assessed.supportedKinds, attachedRoutes, conditions },
    accepted: verdict.ok,
    programmed: serving.state === "serving",
  };
}

type Serving =
  | { readonly state: "serving"; readonly proxies: number }
  | { readonly state: "pending"; readonly message: string }
  | { readonly state: "unusable"; readonly verdict: Exclude<AssessedListener["verdict"], { ok: true }> };

function judgeServing(
  assessed: AssessedListener,
  config: ProxyConfig,
  deployment: ObservedDeployment | undefined,
): Serving {
  if (!assessed.verdict.ok) return { state: "unusable", verdict: assessed.verdict };
  const key = `listener:${assessed.name}`;
  const version = config.resources.get(key)?.version;
  // A proxy that has not applied its first configuration takes no connections yet (it is not Ready): it is not counted.
  const proxies = (deployment?.proxies ?? []).filter((proxy) => proxy.revision !== "");
  if (proxies.length === 0) return { state: "pending", message: "No proxy has reported yet" };
  const reports = proxies.flatMap((proxy) => proxy.listeners.filter((l) => l.key === key && l.version === version));
  const failed = reports.find((report) => report.state === "failed");
  if (failed !== undefined) return unusable(failed);
  const { port } = assessed.listener;
  if (reports.length < proxies.length) {
    const all = count(proxies.length, "proxy has", "proxies have");
    return { state: "pending", message: `${reports.length} of ${all} bound port ${port} for it` };
  }
  if (!(deployment?.readyPorts ?? []).includes(port)) {
    return { state: "pending", message: `Port ${port} is bound, but the address does not lead to a ready proxy yet` };
  }
  return { state: "serving", proxies: proxies.length };
}

function unusable(report: ListenerReport & { readonly state: "failed" }): Serving {
  return { state: "unusable", verdict: { ok: false, reason: "PortUnavailable", message: report.message } };
}

function conflicted(verdict: AssessedListener["verdict"]): DesiredCondition {
  if (!verdict.ok && (verdict.reason === "HostnameConflict" || verdict.reason === "ProtocolConflict")) {
    return condition<ListenerConflictReason>("Conflicted", true, verdict.reason, verdict.message);
  }
  return condition("Conflicted", false, "NoConflicts", "No other listener claims its port and hostname");
}

function resolvedRefs({ resolvedRefs: { reason, message } }: AssessedListener): DesiredCondition {
  return condition<ListenerResolvedRefsReason>("ResolvedRefs", reason === "ResolvedRefs", reason, message);
}

function programmed(serving: Serving): DesiredCondition {
  const make = condition<ListenerProgrammedReason>;
  switch (serving.state) {
    case "serving":
      return make("Programmed", true, "Programmed", `Served by ${count(serving.proxies, "proxy", "proxies")}`);
    case "pending":
      return make("Programmed", false, "Pending", serving.message);
    case "unusable":
      return make("Programmed", false, "Invalid", serving.verdict.message);
  }
}
