/**
 * The admin port's pages about the operator, as data: what its informers hold and which proxies are subscribed. They answer to
 * 127.0.0.1 and ::1 only. Looks and never changes anything; no object's content is shown.
 */
import type { AdminPage } from "../admin/admin-server.ts";
import type { SubscriberView } from "../control/server/gateway-feeds.ts";
import type { InformerView } from "./informer/informer-set.ts";
import { problemText } from "./informer/problem.ts";
import type { OperatorSources } from "./metrics-asked.ts";

export type OperatorPages = Readonly<Record<"/informers" | "/stream", AdminPage>>;

export interface PageSources extends Pick<OperatorSources, "leading" | "informers" | "queue" | "subscribers"> {
  /** Identity of the replica that leads as far as is known; empty when none does. */
  leader(): string;
}

/** So many proxies are listed, those that are furthest behind first. */
const MAX_PROXIES = 1_000;

export function operatorPages(sources: PageSources): OperatorPages {
  return {
    "/informers": { isPrivate: true, read: async () => ({ body: sources.informers().map(shownInformer) }) },
    "/stream": { isPrivate: true, read: async (query) => ({ body: stream(sources, query.get("gateway")) }) },
  };
}

function shownInformer(view: InformerView) {
  const { name, kind, apiVersion, synced, objects, silenceMs, counts, failure } = view;
  return {
    ...{ informer: name, kind, apiVersion, synced, objects },
    ...(silenceMs === undefined ? {} : { silenceMs: Math.round(silenceMs) }),
    ...counts,
    ...(failure === undefined
      ? {}
      : {
          failing: {
            sinceMs: Math.round(failure.sinceMs),
            attempts: failure.attempts,
            problem: problemText(failure.error),
          },
        }),
  };
}

function stream({ leading, leader, queue, subscribers }: PageSources, gateway: string | null) {
  const all = subscribers().filter((view) => gateway === null || view.gateway === gateway);
  const shown = all.toSorted((one, other) => other.lagMs - one.lagMs).slice(0, MAX_PROXIES);
  const { changes, oldestMs } = queue();
  return {
    leading: leading(),
    leader: leader(),
    queue: { changes, oldestMs: Math.round(oldestMs) },
    subscribers: all.length,
    truncated: all.length > shown.length,
    proxies: shown.map(shownProxy),
  };
}

function shownProxy({ gateway, proxyId, published, report, lagMs }: SubscriberView) {
  const listeners = report?.listeners ?? [];
  const failed = listeners.flatMap((listener) =>
    listener.state === "failed" ? [{ listener: listener.key, reason: listener.reason, problem: listener.message }] : [],
  );
  return {
    ...{ gateway, proxyId, published, revision: report?.revision, lagMs: Math.round(lagMs) },
    listeners: { bound: listeners.length - failed.length, ...(failed.length > 0 ? { failed } : {}) },
    ...(report?.unresolvedHosts.length ? { unresolvedHosts: report.unresolvedHosts } : {}),
    ...(report?.refusal === undefined ? {} : { refusal: report.refusal }),
  };
}
