/** What a run of the bench has found: samples collected, and rows made of them. Pure. */
import type { ContenderName } from "./contenders/contender.ts";
import { TOLERATED_FOREIGN_CORES } from "./measure/patience.ts";
import { summarise } from "./measure/statistics.ts";
import type { Sample, Scenario } from "./scenarios/scenario.ts";

/** One figure of one contender; `metric` is `SCENARIO.METRIC`. */
export interface Row {
  readonly metric: string;
  readonly unit: string;
  readonly contender: ContenderName;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
  /** Work that went wrong while this was measured: the contender is broken here, and the figure no more than a hint. */
  readonly failed: number;
}

/** A contender that is missing from a scenario, or from all (`scenario` undefined), and why. */
export interface Gap {
  readonly scenario: string | undefined;
  readonly contender: ContenderName;
  readonly why: string;
}

export interface Results {
  readonly rows: readonly Row[];
  readonly gaps: readonly Gap[];
  /** What failures were seen, by scenario and contender. */
  readonly failures: readonly { readonly scenario: string; readonly contender: ContenderName; readonly seen: string }[];
  /** Samples during which others took more than the share of a processor that is tolerated. */
  readonly disturbed: { readonly samples: number; readonly of: number };
}

export class Collection {
  readonly #samples = new Map<Scenario, Map<ContenderName, Sample[]>>();
  readonly #gaps: Gap[] = [];

  add(scenario: Scenario, contender: ContenderName, sample: Sample): void {
    const ofScenario = this.#samples.get(scenario) ?? new Map<ContenderName, Sample[]>();
    this.#samples.set(scenario, ofScenario);
    ofScenario.set(contender, [...(ofScenario.get(contender) ?? []), sample]);
  }

  /** Said once, however often it happens. */
  addGap(gap: Gap): void {
    const known = this.#gaps.some((each) => each.scenario === gap.scenario && each.contender === gap.contender);
    if (!known) this.#gaps.push(gap);
  }

  results(): Results {
    const all = this.#all();
    return {
      rows: all.flatMap(rowsOf),
      gaps: this.#gaps,
      failures: all.flatMap(({ scenario, contender, samples }) => {
        const seen = describeFailures(samples);
        return seen === undefined ? [] : [{ scenario: scenario.id, contender, seen }];
      }),
      disturbed: disturbance(all.flatMap(({ samples }) => samples)),
    };
  }

  #all(): readonly Measured[] {
    return [...this.#samples].flatMap(([scenario, contenders]) =>
      [...contenders].map(([contender, samples]) => ({ scenario, contender, samples })),
    );
  }
}

interface Measured {
  readonly scenario: Scenario;
  readonly contender: ContenderName;
  readonly samples: readonly Sample[];
}

function rowsOf({ scenario, contender, samples }: Measured): readonly Row[] {
  const failed = samples.reduce((sum, sample) => sum + failuresOf(sample), 0);
  return scenario.metrics.flatMap(({ id, unit }) => {
    const summary = summarise(samples.flatMap(({ values }) => values[id] ?? []));
    return summary === undefined ? [] : [{ metric: `${scenario.id}.${id}`, unit, contender, ...summary, failed }];
  });
}

function failuresOf({ failures }: Sample): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

function describeFailures(samples: readonly Sample[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { failures } of samples) {
    for (const [what, count] of Object.entries(failures)) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  if (counts.size === 0) return undefined;
  return [...counts].map(([what, count]) => `${count} × ${what}`).join(", ");
}

function disturbance(samples: readonly Sample[]): Results["disturbed"] {
  const disturbed = samples.filter(({ foreignCores }) => foreignCores > TOLERATED_FOREIGN_CORES);
  return { samples: disturbed.length, of: samples.length };
}
