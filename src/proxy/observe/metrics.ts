/**
 * The proxy's metrics, in a registry of its own. Labels are bounded: listeners by the configuration, reasons by their
 * closed set, backends only where the configuration asks for health checks or ejection; never a server name, an address or a route.
 */
import { Counter, Gauge, Registry } from "prom-client";
import { CONNECTION_REASONS, type ConnectionReason } from "../../model/connection-reason.ts";
import type { RefusalReason } from "../../model/proxy-report.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import type { EndpointHealth, MetricsSource } from "./metrics-source.ts";
import { type Bytes, type MovedSum, uncounted } from "./moved-bytes.ts";
import type { Sums } from "./sums.ts";
import { countOf, HELLO_AND_CONNECT_SECONDS, LIFETIME_SECONDS, type Tally } from "./tally.ts";

/** The label of connections that no listener of the present configuration has taken. */
const NO_LISTENER = "";

export class ProxyMetrics {
  readonly #registry = new Registry();
  readonly #connections = this.#counter("connections_total", "Connections that have ended, by reason.", [
    "listener",
    "reason",
  ]);
  readonly #accepted = this.#counter("connections_accepted_total", "Connections that have begun.", []);
  readonly #active = new Gauge({
    name: "fsm_gateway_connections_active",
    help: "Connections that have not ended.",
    registers: [this.#registry],
  });
  readonly #received = this.#counter(
    "bytes_received_total",
    "Bytes from clients to backends, those of open connections too.",
    ["listener"],
  );
  readonly #sent = this.#counter("bytes_sent_total", "Bytes from backends to clients, those of open connections too.", [
    "listener",
  ]);
  readonly #applied = this.#counter("config_applied_total", "Configurations that changed the table.", []);
  readonly #refused = this.#counter("config_refused_total", "Configurations refused, by reason.", ["reason"]);
  readonly #hello = this.#seconds("hello", "From accepting to the complete ClientHello.", HELLO_AND_CONNECT_SECONDS);
  readonly #connect = this.#seconds(
    "connect",
    "From the first attempt to the backend's answer.",
    HELLO_AND_CONNECT_SECONDS,
  );
  readonly #lifetime = this.#seconds("connection", "From accepting to the end of a connection.", LIFETIME_SECONDS);

  readonly #endpoints = this.#endpointGauge("endpoints", "Endpoints of backends with health checks or ejection.");
  readonly #unhealthy = this.#endpointGauge("endpoints_unhealthy", "Endpoints that health checks have found unfit.");
  readonly #ejected = this.#endpointGauge("endpoints_ejected", "Endpoints left out for a time after failed connects.");
  /** Not yet among those accepted. */
  #opened = 0;
  readonly #sources = new Set<MetricsSource>();

  /** `droppedLogLines`: the number of log lines dropped since the process started. */
  constructor(version: string, droppedLogLines: () => number = () => 0) {
    new Counter({
      name: "fsm_gateway_log_lines_dropped_total",
      help: "Total number of log lines that were dropped because the reader of the log was too slow or closed.",
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(droppedLogLines());
      },
    });
    new Gauge({
      name: "fsm_gateway_build_info",
      help: "Always 1; the label is the version of the program.",
      labelNames: ["version"],
      registers: [this.#registry],
    }).set({ version }, 1);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** A proxy that counts here is to be asked, too, whenever metrics are read. Returns what ends that. */
  follow(source: MetricsSource): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  /** All metrics in the Prometheus text format. */
  async expose(): Promise<string> {
    await this.#ask();
    return this.#registry.metrics();
  }

  async sums(): Promise<Sums> {
    await this.#ask();
    const ended: Partial<Record<ConnectionReason, number>> = {};
    for (const { labels, value } of (await this.#connections.get()).values) {
      const reason = labels.reason as ConnectionReason;
      ended[reason] = (ended[reason] ?? 0) + value;
    }
    return {
      accepted: await total(this.#accepted),
      active: await total(this.#active),
      ended,
      bytesIn: await total(this.#received),
      bytesOut: await total(this.#sent),
    };
  }

  connectionOpened(count = 1): void {
    this.#opened += count;
    this.#active.inc(count);
  }

  /** Bytes of connections that are open. `hasListener`: does the configuration still have it? */
  bytesMoved(sums: readonly MovedSum[], hasListener: (name: string) => boolean): void {
    for (const { listener: name, ...bytes } of sums) {
      this.#countBytes(name !== undefined && hasListener(name) ? name : NO_LISTENER, bytes);
    }
  }

  /** `listener`: that of the record, if the configuration still has it; else its series would come back for good. */
  connectionEnded(record: ConnectionRecord, listener: string = NO_LISTENER): void {
    this.#active.dec();
    this.#connections.inc({ listener, reason: record.reason });
    this.#countBytes(listener, uncounted(record, record.counted));
    if (record.helloMs !== undefined) this.#hello.observe(record.helloMs / 1_000);
    if (record.connectMs !== undefined) this.#connect.observe(record.connectMs / 1_000);
    this.#lifetime.observe(record.durationMs / 1_000);
  }

  /** Many at once. `hasListener`: does the configuration still have it? */
  connectionsEnded(tally: Tally, hasListener: (name: string) => boolean): void {
    this.#active.dec(countOf(tally));
    for (const { listener: name, reason, connections, bytesIn, bytesOut } of tally.sums) {
      const listener = name !== undefined && hasListener(name) ? name : NO_LISTENER;
      this.#connections.inc({ listener, reason }, connections);
      this.#countBytes(listener, { bytesIn, bytesOut });
    }
    this.#hello.add(tally.hello);
    this.#connect.add(tally.connect);
    this.#lifetime.add(tally.lifetime);
  }

  configApplied(): void {
    this.#applied.inc();
  }

  configRefused(reason: RefusalReason): void {
    this.#refused.inc({ reason });
  }

  /** Drops the series of a listener that is gone, so that renaming does not grow them for ever. */
  forgetListener(listener: string): void {
    for (const reason of Object.keys(CONNECTION_REASONS)) this.#connections.remove({ listener, reason });
    this.#received.remove({ listener });
    this.#sent.remove({ listener });
  }

  #countBytes(listener: string, { bytesIn, bytesOut }: Bytes): void {
    this.#received.inc({ listener }, bytesIn);
    this.#sent.inc({ listener }, bytesOut);
  }

  /** Brings what nobody tells by itself up to date. */
  async #ask(): Promise<void> {
    await Promise.all([...this.#sources].map((source) => source.tellMoved()));
    this.#accepted.inc(this.#opened);
    this.#opened = 0;
    for (const gauge of [this.#endpoints, this.#unhealthy, this.#ejected]) gauge.reset();
    for (const source of this.#sources) for (const health of source.endpointHealth()) this.#tellHealth(health);
  }

  #tellHealth({ backend, ejected, endpoints, unhealthy }: EndpointHealth): void {
    this.#endpoints.inc({ backend }, endpoints);
    this.#unhealthy.inc({ backend }, unhealthy);
    this.#ejected.inc({ backend }, ejected);
  }

  #endpointGauge(name: string, help: string): Gauge<"backend"> {
    return new Gauge({ name: `fsm_gateway_${name}`, help, labelNames: ["backend"], registers: [this.#registry] });
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name: `fsm_gateway_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #seconds(what: string, help: string, bounds: readonly number[]): DurationHistogram {
    return new DurationHistogram(`fsm_gateway_${what}_duration_seconds`, help, bounds, this.#registry);
  }
}

/** Over all labels. */
async function total(metric: Pick<Counter, "get"> | Pick<Gauge, "get">): Promise<number> {
  return (await metric.get()).values.reduce((sum, { value }) => sum + value, 0);
}
