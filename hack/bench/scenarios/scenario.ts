/** What can be measured of a contender, and how a run of load becomes a sample. Pure. */
import type { Outcome } from "../load/generator.ts";
import type { Laboratory, Subject } from "../measure/laboratory.ts";

export interface Metric {
  /** In rows: `SCENARIO.METRIC`. */
  readonly id: string;
  /** For people. */
  readonly label: string;
  readonly unit: string;
}

export interface Sample {
  /** By metric; a metric that has no meaning for the subject is left out. */
  readonly values: Readonly<Record<string, number>>;
  /** Work that went wrong, by what was seen. Any at all marks the contender as broken, unless failing is what is measured. */
  readonly failures: Readonly<Record<string, number>>;
  readonly foreignCores: number;
}

export interface Scenario {
  readonly id: string;
  /** A sentence for the report. */
  readonly title: string;
  readonly routes: number;
  /** A new process for each sample: for what an old one would remember. */
  readonly fresh: boolean;
  readonly metrics: readonly Metric[];
  /** Whether it can be asked of the backends themselves. */
  readonly direct: boolean;
  /** The most rounds that are worth their time. */
  readonly mostRounds?: number;
  measure(laboratory: Laboratory, subject: Subject): Promise<Sample>;
}

/** The cost of one unit of work; nothing where there is no proxy, or where no work was done. */
export function costOf(cpuSeconds: number | undefined, units: number): { readonly cpu?: number } {
  return cpuSeconds === undefined || units === 0 ? {} : { cpu: cpuSeconds / units };
}

/** A proxy that got nothing through has failed, even if nothing was seen to break. */
export function failuresOf({ done, bytes, failures }: Outcome): Sample["failures"] {
  return done === 0 && bytes === 0 ? { ...failures, "window without any work": 1 } : failures;
}

export const FEW_ROUTES = 16;
