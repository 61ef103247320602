/**
 * What a fault is, and what is measured while it goes on. A fault brings itself about, checks what only it can know, and ends
 * itself; what holds for all of them (every connection accounted for, everything converged) is judged in one place: judge.ts.
 */
import type { Versions } from "./look.ts";
import type { World } from "./world.ts";

export interface Fault {
  /** For `--only`. */
  readonly name: string;
  /** What happens, in the words of the table. */
  readonly title: string;
  /** What it cuts by itself: the connections that may fail, in the words of the table. */
  readonly cuts: string;
  /** Is it among those of `--quick`? */
  readonly isQuick: boolean;
  /**
   * Resolves when the fault is over and the cluster is left to itself.
   * @throws when something was not as it must be; what the fault did to the cluster is undone all the same.
   */
  readonly run: (world: World) => Promise<FaultOutcome>;
}

export interface FaultOutcome {
  /** What was measured, in the words of the table: `taken over after` → `15.2 s`. */
  readonly facts: Readonly<Record<string, string>>;
  /** The connections that the fault itself cuts; none when absent. */
  readonly allowed?: Allowed;
  /** What was there before, where there is nothing to write: looked at again once everything has converged. */
  readonly unwritten?: Versions;
}

export interface Allowed {
  /** Short connections begun in this time (wall clock, ms) may fail, for one of these reasons. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reasons: RegExp;
  /** So many of the long connections end: these and no other. */
  readonly longEnded: number;
}
