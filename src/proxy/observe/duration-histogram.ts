/**
 * A histogram of durations that takes sums as well as single values, which prom-client's own does not: the linux engine's
 * threads count by themselves and tell what has come together.
 */
import type { Histogram, MetricValueWithName, Registry } from "prom-client";
import { addDuration, type Durations, noDurations } from "./tally.ts";

export class DurationHistogram {
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #durations: Durations;

  /** `bounds`: upper bounds of the buckets in seconds, ascending. */
  constructor(name: string, help: string, bounds: readonly number[], registry: Registry) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#durations = noDurations(bounds);
    // Of a metric a registry wants its name and get(), and no more.
    registry.registerMetric(this as unknown as Histogram);
  }

  observe(seconds: number): void {
    addDuration(this.#durations, this.#bounds, seconds);
  }

  /** `durations`: by the same bounds. */
  add({ counts, sumSeconds }: Durations): void {
    for (const [index, count] of counts.entries()) {
      this.#durations.counts[index] = (this.#durations.counts[index] ?? 0) + count;
    }
    this.#durations.sumSeconds += sumSeconds;
  }

  /** Called by the registry. Buckets are cumulative there. */
  async get() {
    const values: MetricValueWithName<"le">[] = [];
    let count = 0;
    for (const [index, own] of this.#durations.counts.entries()) {
      count += own;
      const le = this.#bounds[index] ?? "+Inf";
      values.push({ metricName: `${this.name}_bucket`, labels: { le }, value: count });
    }
    values.push({ metricName: `${this.name}_sum`, labels: {}, value: this.#durations.sumSeconds });
    values.push({ metricName: `${this.name}_count`, labels: {}, value: count });
    return { name: this.name, help: this.help, type: "histogram", values, aggregator: "sum" };
  }
}
