/**
 * The proxy's metrics, in a registry of its own. Labels are bounded: listeners by the configuration, reasons by their
 * closed set; never a server name, an address or a route.
 */
import { Counter, Gauge, Registry } from "prom-client";
import { CONNECTION_REASONS } from "../../model/connection-reason.ts";
import type { RefusalReason } from "../../model/proxy-report.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import { countOf, HELLO_AND_CONNECT_SECONDS, LIFETIME_SECONDS, type Tally } from "./tally.ts";

/** The label of connections that no listener of the present configuration has taken. */
const NO_LISTENER = "";

export class ProxyMetrics {
  readonly #registry = new Registry();
  readonly #connections = this.#counter("connections_total", "Connections that have ended, by reason.", [
    "listener",
    "reason",
  ]);
  readonly #active = new Gauge({
    name: "fsm_gateway_connections_active",
    help: "Connections that have not ended.",
    registers: [this.#registry],
  });
  readonly #received = this.#counter("bytes_received_total", "Bytes from clients to backends.", ["listener"]);
  readonly #sent = this.#counter("bytes_sent_total", "Bytes from backends to clients.", ["listener"]);
  readonly #applied = this.#counter("config_applied_total", "Configurations that changed the table.", []);
  readonly #refused = this.#counter("config_refused_total", "Configurations refused, by reason.", ["reason"]);
  readonly #hello = this.#seconds("hello", "From accepting to the complete ClientHello.", HELLO_AND_CONNECT_SECONDS);
  readonly #connect = this.#seconds(
    "connect",
    "From the first attempt to the backend's answer.",
    HELLO_AND_CONNECT_SECONDS,
  );
  readonly #lifetime = this.#seconds("connection", "From accepting to the end of a connection.", LIFETIME_SECONDS);

  constructor(version: string) {
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

  /** All metrics in the Prometheus text format. */
  expose(): Promise<string> {
    return this.#registry.metrics();
  }

  connectionOpened(count = 1): void {
    this.#active.inc(count);
  }

  /** `listener`: that of the record, if the configuration still has it; else its series would come back for good. */
  connectionEnded(record: ConnectionRecord, listener: string = NO_LISTENER): void {
    this.#active.dec();
    this.#connections.inc({ listener, reason: record.reason });
    this.#received.inc({ listener }, record.bytesIn);
    this.#sent.inc({ listener }, record.bytesOut);
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
      this.#received.inc({ listener }, bytesIn);
      this.#sent.inc({ listener }, bytesOut);
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

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name: `fsm_gateway_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #seconds(what: string, help: string, bounds: readonly number[]): DurationHistogram {
    return new DurationHistogram(`fsm_gateway_${what}_duration_seconds`, help, bounds, this.#registry);
  }
}
