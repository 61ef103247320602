/** Those of the operator's metrics that say what is so at the moment of reading: asked then, and never kept. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { SubscriberView } from "../control/server/gateway-feeds.ts";
import type { CertificateExpiry } from "./certificates/keeper.ts";
import type { InformerView } from "./informer/informer-set.ts";
import type { RolloutCounts } from "./rollout/rollout-pacer.ts";

/** What can be asked; each answers at once, also before the part that it asks is there. */
export interface OperatorSources {
  leading(): boolean;
  informers(): readonly InformerView[];
  /** Changes that no pass has taken up, and how long the oldest that is not written yet has waited, in ms. */
  queue(): { readonly changes: number; readonly oldestMs: number };
  /** Current number of Gateways by state of their rollout. */
  rollouts(): RolloutCounts;
  subscribers(): readonly SubscriberView[];
  certificates(): CertificateExpiry | undefined;
  /** Number of log lines dropped since the process started. */
  droppedLogLines(): number;
  /** Reports whether this replica responds to admission reviews. */
  admissionReady(): boolean;
  /** The time of day. */
  now(): Date;
}

type InformerLabel = "kind" | "informer";

export function addGauges(registry: Registry, version: string, sources: OperatorSources): void {
  const registers = [registry];
  new Gauge({ name: "fsm_gateway_build_info", help: "Always 1.", labelNames: ["version"], registers }).set(
    { version },
    1,
  );
  single(registry, "leading", "1 on the replica that leads.", () => (sources.leading() ? 1 : 0));
  single(registry, "admission_ready", "1 while this replica responds to admission reviews.", () =>
    sources.admissionReady() ? 1 : 0,
  );
  single(registry, "queue_changes", "Changes that no pass has taken up yet.", () => sources.queue().changes);
  single(
    registry,
    "queue_oldest_seconds",
    "Age of the oldest change that is not published and written yet; 0 when there is none.",
    () => sources.queue().oldestMs / 1_000,
  );
  single(registry, "stream_subscribers", "Proxies that are subscribed.", () => sources.subscribers().length);
  single(
    registry,
    "stream_lag_seconds",
    "Age of the oldest publication that a subscribed proxy has not answered; 0 when all have answered.",
    () => sources.subscribers().reduce((most, { lagMs }) => Math.max(most, lagMs), 0) / 1_000,
  );
  new Counter({
    name: "fsm_gateway_log_lines_dropped_total",
    help: "Total number of log lines that were dropped because the reader of the log was too slow or closed.",
    registers,
    collect() {
      this.reset();
      this.inc(sources.droppedLogLines());
    },
  });
  addRollouts(registry, sources);
  addInformers(registry, sources);
  addCertificates(registry, sources);
  addProcess(registry);
}

function single(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name: `fsm_gateway_operator_${name}`,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}

function addRollouts(registry: Registry, { rollouts }: OperatorSources): void {
  new Gauge({
    name: "fsm_gateway_operator_rollouts",
    help: "Current number of Gateways that roll out proxies, have a stalled rollout, or wait for others, by state.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(rollouts())) this.set({ state }, count);
    },
  });
}

function addInformers(registry: Registry, { informers }: OperatorSources): void {
  const gauge = (name: string, help: string, value: (view: InformerView) => number | undefined) =>
    new Gauge<InformerLabel>({ ...informerMetric(registry, name, help), collect: collector(informers, value) });
  const counter = (name: string, help: string, value: (view: InformerView) => number) =>
    new Counter<InformerLabel>({ ...informerMetric(registry, name, help), collect: collector(informers, value) });
  gauge("objects", "Objects in memory, by kind.", ({ objects }) => objects);
  gauge(
    "synced",
    "1 once the kind was read whole, is known not to be served, or cannot be read without a right that conditions name.",
    ({ synced }) => (synced ? 1 : 0),
  );
  gauge("served", "1 while the cluster serves the kind.", ({ apiVersion }) => (apiVersion === undefined ? 0 : 1));
  gauge(
    "silence_seconds",
    "Since the API server last said something of the kind; bookmarks come every minute.",
    (view) => (view.silenceMs === undefined ? undefined : view.silenceMs / 1_000),
  );
  counter("lists_total", "Complete lists, by kind; more than one is a relist.", ({ counts }) => counts.lists);
  counter("watches_total", "Watches that were begun, by kind.", ({ counts }) => counts.watches);
  counter("failures_total", "Lists and watches that failed, by kind.", ({ counts }) => counts.failures);
}

function informerMetric(registry: Registry, name: string, help: string) {
  const labelNames: InformerLabel[] = ["kind", "informer"];
  return { name: `fsm_gateway_operator_informer_${name}`, help, labelNames, registers: [registry] };
}

/** The informers count for themselves: what was collected before is replaced. */
function collector(informers: OperatorSources["informers"], value: (view: InformerView) => number | undefined) {
  return function collect(this: Gauge<InformerLabel> | Counter<InformerLabel>): void {
    this.reset();
    for (const view of informers()) {
      const amount = value(view);
      if (amount !== undefined) this.inc({ kind: view.kind, informer: view.name }, amount);
    }
  };
}

function addCertificates(registry: Registry, { certificates, now }: OperatorSources): void {
  new Gauge({
    name: "fsm_gateway_operator_certificate_expiry_seconds",
    help: "Until the operator's own certificates end; negative when one has.",
    labelNames: ["certificate"],
    registers: [registry],
    collect() {
      this.reset();
      const ends = certificates();
      if (ends === undefined) return;
      for (const certificate of ["serving", "authority"] as const) {
        this.set({ certificate }, (ends[certificate].getTime() - now().getTime()) / 1_000);
      }
    },
  });
}

/** By the names that every Prometheus client library has for them. */
function addProcess(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the process that is in RAM.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time of the process.",
    registers,
    collect() {
      const { system, user } = process.cpuUsage();
      this.reset();
      this.inc((system + user) / 1_000_000);
    },
  });
}
