/**
 * Snapshot in, plan out: the one place that knows in which order the rules apply. Pure: no I/O, no clock; the same snapshot
 * always gives the same plan.
 */
import type { Plan } from "../model/plan.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { Translator } from "./translator.ts";

export function translate(snapshot: Snapshot): Plan {
  return new Translator().translate(snapshot);
}
