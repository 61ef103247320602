/** What the bench of the control plane can measure, and what a measurement says. Plain data and types. */
import type { Site } from "./site.ts";

/** What must hold for a figure; undefined where nothing is asked of it. */
export interface Goal {
  readonly of: "median" | "p99" | "max";
  readonly atMost: number;
}

export interface Figure {
  /** In rows: `SCENARIO.METRIC`. */
  readonly metric: string;
  readonly unit: string;
  readonly samples: readonly number[];
  readonly goals?: readonly Goal[];
}

export interface Scenario {
  readonly id: string;
  /** A sentence for the report. */
  readonly title: string;
  /** On a cluster of its own, with a Gateway that serves and has no routes. */
  measure(site: Site, scale: Scale): Promise<readonly Figure[]>;
}

/** How much there is of everything: all of it, or as much as shows that the bench works. */
export interface Scale {
  readonly routes: number;
  readonly attached: number;
  readonly listenerSets: number;
  readonly changes: number;
  readonly seconds: number;
}

export const FULL: Scale = { routes: 5_000, attached: 1_000, listenerSets: 500, changes: 400, seconds: 15 };
export const QUICK: Scale = { routes: 500, attached: 200, listenerSets: 50, changes: 30, seconds: 5 };
