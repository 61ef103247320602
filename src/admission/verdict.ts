/**
 * What admission says about an object: problems refuse it, remarks travel as warnings. Each names its field by the path that
 * `kubectl` users know. Plain data and its one-line text; knows no rule.
 */

export interface Problem {
  /** Path from the object's root, as in `spec.rules[0].backendRefs[1].port`. */
  readonly field: string;
  /** What is wrong and how to mend it, one sentence or two. */
  readonly message: string;
}

export interface Verdict {
  /** Empty: the object is admitted. */
  readonly problems: readonly Problem[];
  /** Shown by `kubectl`, whether or not the object is admitted. */
  readonly warnings: readonly Problem[];
}

export const ADMITTED: Verdict = { problems: [], warnings: [] };

/** `spec.rules[0].backendRefs[1].port: must be …`, the problems one after the other. */
export function problemText(problems: readonly Problem[]): string {
  return problems.map(({ field, message }) => `${field}: ${message}`).join("; ");
}
