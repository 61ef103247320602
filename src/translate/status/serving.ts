/**
 * Computes from the proxies' reports whether a listener is served. Pure.
 * A report influences Programmed only. A listener loses Accepted only if every proxy of the Gateway fails to bind its port, so that
 * one broken or compromised Pod cannot remove what the other Pods serve (docs/decisions/004).
 */
import type { ProxyConfig, ResourceKey } from "../../model/proxy-config.ts";
import type { ListenerReport } from "../../model/proxy-report.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { count } from "../conditions.ts";
import type { AssessedListener, ListenerVerdict } from "../listeners/assess.ts";
import { enumerate } from "../routes/enumerate.ts";

export type Refusal = Exclude<ListenerVerdict, { ok: true }>;

export type Serving =
  | { readonly state: "serving"; readonly proxies: number }
  | { readonly state: "pending"; readonly message: string }
  /** Some of the proxies fail to bind the port, not all. */
  | { readonly state: "impaired"; readonly message: string }
  | { readonly state: "unresolved" }
  | { readonly state: "refused"; readonly verdict: Refusal };

/** A listener's report, and the Pod that sent it. */
interface SentReport {
  readonly pod: string | undefined;
  readonly report: ListenerReport;
}

interface FailedReport extends SentReport {
  readonly report: ListenerReport & { readonly state: "failed" };
}

/** The reports of a Gateway's proxies, indexed by listener because thousands of listeners may have reports. */
export interface RunningSide {
  /** Number of proxies that serve a configuration. */
  readonly proxies: number;
  /** Number of Pods that accept connections, with a report or without. */
  readonly pods: number;
  readonly reports: ReadonlyMap<ResourceKey, readonly SentReport[]>;
  readonly readyPorts: ReadonlySet<number>;
}

const NOTHING_RUNS: ObservedDeployment = { addresses: [], readyPorts: [], proxies: [] };

export function indexReports(deployment: ObservedDeployment = NOTHING_RUNS): RunningSide {
  const { proxies, readyPorts, podsWithoutReport = 0 } = deployment;
  // A proxy that has not applied its first configuration accepts no connections yet (it is not Ready): it is not counted.
  const serving = proxies.filter((proxy) => proxy.revision !== "");
  const reports = Map.groupBy(
    serving.flatMap(({ pod, listeners }) => oneForEachKey(listeners).map((report) => ({ pod, report }))),
    ({ report }) => report.key,
  );
  const pods = serving.length + podsWithoutReport;
  return { proxies: serving.length, pods, reports, readyPorts: new Set(readyPorts) };
}

/** A proxy that reports a listener twice must not count as two proxies. */
function oneForEachKey(reports: readonly ListenerReport[]): readonly ListenerReport[] {
  return [...new Map(reports.map((report) => [report.key, report])).values()];
}

export function computeServing(assessed: AssessedListener, config: ProxyConfig, running: RunningSide): Serving {
  if (!assessed.verdict.ok) return { state: "refused", verdict: assessed.verdict };
  if (assessed.resource === undefined) return { state: "unresolved" };
  const { proxies, reports, readyPorts } = running;
  const key = `listener:${assessed.name}`;
  const version = config.resources.get(key)?.version;
  if (proxies === 0) return { state: "pending", message: "No proxy has reported yet" };
  const current = (reports.get(key) ?? []).filter(({ report }) => report.version === version);
  const { port } = assessed.listener;
  const failed = current.filter(isFailed);
  if (failed.length > 0) return computeFailure(port, failed, current.length - failed.length, running);
  if (current.length < proxies) {
    const all = count(proxies, "proxy has", "proxies have");
    return { state: "pending", message: `${current.length} of ${all} bound port ${port} for it` };
  }
  if (!readyPorts.has(port)) {
    return { state: "pending", message: `Port ${port} is bound, but the address does not lead to a ready proxy yet` };
  }
  return { state: "serving", proxies };
}

function isFailed(sent: SentReport): sent is FailedReport {
  return sent.report.state === "failed";
}

/** A Pod without a report may serve the listener: then not all have failed. */
function computeFailure(port: number, failed: readonly FailedReport[], bound: number, { pods }: RunningSide): Serving {
  const why = (failed[0] as FailedReport).report.message;
  if (failed.length >= pods) {
    const message = pods === 1 ? why : `None of ${pods} proxies can bind port ${port} (${why})`;
    return { state: "refused", verdict: { ok: false, reason: "PortUnavailable", message } };
  }
  const names = failed.flatMap(({ pod }) => (pod === undefined ? [] : [pod])).sort();
  const who = names.length === 0 ? count(failed.length, "proxy", "proxies") : `Pod ${enumerate(names)}`;
  const rest = `${bound} of ${pods} proxies ${bound === 1 ? "reports" : "report"} it as bound`;
  const fix = "Free the port in the Pod, or delete the Pod";
  return { state: "impaired", message: `${who} cannot bind port ${port} (${why}); ${rest}. ${fix}` };
}
