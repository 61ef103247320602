/** The operator's metrics, in a registry of their own. Labels are bounded: kinds, verbs and outcomes are closed sets. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { PassResult } from "../loop/reconcile-loop.ts";

const PASS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class OperatorMetrics {
  readonly #registry = new Registry();
  readonly #passes = new Histogram({
    name: "fsm_gateway_operator_pass_seconds",
    help: "How long passes took that write what was planned (applies, acknowledgements, statuses), by outcome.",
    labelNames: ["outcome"],
    buckets: PASS_SECONDS,
    registers: [this.#registry],
  });
  readonly #publications = new Histogram({
    name: "fsm_gateway_operator_publish_seconds",
    help: "How long it took to plan and to publish to the proxies what they must be, by outcome.",
    labelNames: ["outcome"],
    buckets: PASS_SECONDS,
    registers: [this.#registry],
  });
  readonly #statusWrites = new Counter({
    name: "fsm_gateway_operator_status_writes_total",
    help: "Status writes sent, by kind.",
    labelNames: ["kind"],
    registers: [this.#registry],
  });
  readonly #applies = new Counter({
    name: "fsm_gateway_operator_applies_total",
    help: "Applies and deletions of provisioned objects sent, by verb and kind.",
    labelNames: ["verb", "kind"],
    registers: [this.#registry],
  });

  constructor(version: string, leading: () => boolean) {
    const registers = [this.#registry];
    new Gauge({ name: "fsm_gateway_build_info", help: "Always 1.", labelNames: ["version"], registers }).set(
      { version },
      1,
    );
    new Gauge({
      name: "fsm_gateway_operator_leading",
      help: "1 on the replica that leads.",
      registers,
      collect() {
        this.set(leading() ? 1 : 0);
      },
    });
  }

  passEnded({ outcome, durationMs }: PassResult): void {
    this.#passes.observe({ outcome }, durationMs / 1_000);
  }

  published({ outcome, durationMs }: PassResult): void {
    this.#publications.observe({ outcome }, durationMs / 1_000);
  }

  statusWritten(kind: string): void {
    this.#statusWrites.inc({ kind });
  }

  applied(verb: "apply" | "delete", kind: string): void {
    this.#applies.inc({ verb, kind });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  expose(): Promise<string> {
    return this.#registry.metrics();
  }
}
