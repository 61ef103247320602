/** The operator's metrics with a sample of everything that has labels: what the reference and the tests of dashboards go by. */
import { OperatorMetrics } from "../../src/operator/metrics.ts";
import type { OperatorSources } from "../../src/operator/metrics-asked.ts";

const SOURCES: OperatorSources = {
  leading: () => true,
  informers: () => [
    {
      ...{ name: "gateways", kind: "Gateway", synced: true, apiVersion: "gateway.networking.k8s.io/v1" },
      ...{ objects: 3, counts: { lists: 1, watches: 2, failures: 4 }, silenceMs: 5_000, failure: undefined },
    },
  ],
  queue: () => ({ changes: 2, oldestMs: 1_500 }),
  rollouts: () => ({ rolling: 2, stalled: 1, waiting: 7 }),
  subscribers: () => [
    { gateway: "a/b", proxyId: "p", published: "1", report: undefined, lagMs: 250 },
    { gateway: "a/b", proxyId: "q", published: "1", report: undefined, lagMs: 0 },
  ],
  admissionReady: () => true,
  certificates: () => ({ serving: new Date(90_000), authority: new Date(900_000) }),
  droppedLogLines: () => 7,
  now: () => new Date(0),
};

export function sampledOperatorMetrics(): OperatorMetrics {
  const metrics = new OperatorMetrics("x", SOURCES);
  metrics.passEnded({ outcome: "succeeded", durationMs: 1 });
  metrics.roundEnded({ outcome: "succeeded", durationMs: 2 });
  metrics.changed("Gateway");
  metrics.kicked("change");
  metrics.published(10);
  metrics.wrote({ verb: "status", kind: "Gateway", object: "a/b", outcome: "ok" });
  metrics.wrote({ verb: "apply", kind: "Service", object: "a/b", outcome: "conflict" });
  metrics.eventEnded("limited");
  metrics.answered({ outcome: "applied", lagMs: 20 });
  metrics.subscribed("admitted");
  metrics.leadershipChanged("leading");
  metrics.admissionStartFailed();
  metrics.reviewed("refused", 0.4);
  return metrics;
}
