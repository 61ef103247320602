/** Figures as rows: what `--json` writes and the tables show. Pure. */
import type { Figure, Goal } from "./scenario.ts";

export interface Row {
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
  /** What was asked for, in words; absent where nothing was. */
  readonly goal?: string;
  readonly missed?: boolean;
}

/** @throws RangeError for a figure without samples: what was not measured has no row. */
export function rowOf(scenario: string, { metric, unit, samples, goals = [] }: Figure): Row {
  const sorted = samples.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError(`${scenario}.${metric} has no samples`);
  const summary = { median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), min, max };
  return {
    metric: `${scenario}.${metric}`,
    unit,
    ...summary,
    samples: sorted.length,
    ...(goals.length > 0 && {
      goal: goals.map(({ of, atMost }) => `${of} ≤ ${atMost}`).join(", "),
      missed: goals.some((goal: Goal) => summary[goal.of] > goal.atMost),
    }),
  };
}

/** The nearest-rank quantile: a value that was measured, never one between two. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
