/**
 * The operator's metrics, in a registry of their own. Labels are bounded: kinds, verbs and outcomes are closed sets, and no series
 * names a Gateway, a route or a proxy. What happens is told as it happens; what is so is asked when metrics are read.
 */
import { Counter, Histogram, Registry } from "prom-client";
import type { ConfigAnswer } from "../control/server/proxy-stream.ts";
import type { SubscriptionOutcome } from "../control/server/server.ts";
import type { PassResult } from "../loop/reconcile-loop.ts";
import { addGauges, type OperatorSources } from "./metrics-asked.ts";
import type { ReviewVerdict } from "./pepr/review.ts";
import type { KickCause } from "./trail.ts";
import type { EventOutcome } from "./write/events.ts";
import type { Write } from "./write/outcome.ts";

/** From a pass that finds nothing to do to one that writes thousands of statuses. */
const PASS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** From the arrival of a change to its publication, and from there to a proxy's answer: milliseconds when all is well. */
const CHANGE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
/** A rule is judged in memory; the API server waits 5 s at most. */
const REVIEW_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

const PASS_OUTCOMES: readonly PassResult["outcome"][] = ["succeeded", "failed", "cancelled"];

export class OperatorMetrics {
  readonly #registry = new Registry();
  readonly #passes = this.#seconds(
    "publish_seconds",
    "How long passes took, which plan and publish, by outcome.",
    PASS_SECONDS,
    ["outcome"],
  );
  readonly #rounds = this.#seconds(
    "write_seconds",
    "How long rounds of writing took (applies, acknowledgements, statuses), by outcome.",
    PASS_SECONDS,
    ["outcome"],
  );
  readonly #changes = this.#counter("changes_total", "Changes that informers have seen, by kind.", ["kind"]);
  readonly #kicks = this.#counter("kicks_total", "Requests for a pass, by what asked; many make one pass.", ["cause"]);
  readonly #published = this.#seconds(
    "change_published_seconds",
    "From the arrival of the oldest change that a pass took up to its publication.",
    CHANGE_SECONDS,
    [],
  );
  readonly #statuses = this.#counter("status_writes_total", "Status writes, by kind and outcome.", ["kind", "outcome"]);
  readonly #applies = this.#counter("applies_total", "Applies and deletions of provisioned objects, by outcome.", [
    "verb",
    "kind",
    "outcome",
  ]);
  readonly #events = this.#counter("events_total", "Events, by what became of them.", ["outcome"]);
  readonly #answers = this.#seconds(
    "stream_acknowledgement_seconds",
    "From a publication to a proxy's answer, by whether it was applied.",
    CHANGE_SECONDS,
    ["outcome"],
  );
  readonly #subscriptions = this.#counter(
    "stream_subscriptions_total",
    "Proxies that asked to subscribe, by outcome.",
    ["outcome"],
  );
  readonly #transitions = this.#counter("leader_transitions_total", "How often this replica began or ceased to lead.", [
    "to",
  ]);
  readonly #reviews = this.#counter("admission_reviews_total", "Admission reviews, by verdict.", ["verdict"]);
  readonly #admissionFailures = this.#counter(
    "admission_start_failures_total",
    "Total number of failed starts of admission; each is retried with backoff.",
    [],
  );
  readonly #reviewSeconds = this.#seconds("admission_review_seconds", "How long verdicts took.", REVIEW_SECONDS, []);

  constructor(version: string, sources: OperatorSources) {
    addGauges(this.#registry, version, sources);
    // A rate needs a series that was there before: these have one from the start.
    for (const outcome of PASS_OUTCOMES) {
      this.#passes.zero({ outcome });
      this.#rounds.zero({ outcome });
    }
    this.#admissionFailures.inc(0);
    for (const to of ["leading", "following"]) this.#transitions.inc({ to }, 0);
    for (const outcome of ["applied", "refused"]) this.#answers.zero({ outcome });
  }

  passEnded({ outcome, durationMs }: PassResult): void {
    this.#passes.observe({ outcome }, durationMs / 1_000);
  }

  roundEnded({ outcome, durationMs }: PassResult): void {
    this.#rounds.observe({ outcome }, durationMs / 1_000);
  }

  changed(kind: string): void {
    this.#changes.inc({ kind });
  }

  kicked(cause: KickCause): void {
    this.#kicks.inc({ cause });
  }

  published(waitedMs: number): void {
    this.#published.observe(waitedMs / 1_000);
  }

  wrote({ verb, kind, outcome }: Write): void {
    if (verb === "status") this.#statuses.inc({ kind, outcome });
    else this.#applies.inc({ verb, kind, outcome });
  }

  eventEnded(outcome: EventOutcome): void {
    this.#events.inc({ outcome });
  }

  answered({ outcome, lagMs }: ConfigAnswer): void {
    this.#answers.observe({ outcome }, lagMs / 1_000);
  }

  subscribed(outcome: SubscriptionOutcome): void {
    this.#subscriptions.inc({ outcome });
  }

  leadershipChanged(to: "leading" | "following"): void {
    this.#transitions.inc({ to });
  }

  admissionStartFailed(): void {
    this.#admissionFailures.inc();
  }

  reviewed(verdict: ReviewVerdict, durationMs: number): void {
    this.#reviews.inc({ verdict });
    this.#reviewSeconds.observe(durationMs / 1_000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  expose(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    const registers = [this.#registry];
    return new Counter({ name: `fsm_gateway_operator_${name}`, help, labelNames: [...labelNames], registers });
  }

  #seconds<T extends string>(name: string, help: string, buckets: readonly number[], labelNames: readonly T[]) {
    return new Histogram<T>({
      name: `fsm_gateway_operator_${name}`,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }
}
