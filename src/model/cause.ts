/**
 * Why a configuration was published: words for logs alone, by which one search finds a change from its arrival at the operator to the
 * proxies that serve it. Nothing is ever decided by it.
 */
export interface Cause {
  /** The operator's pass that published it. */
  readonly pass: string;
  /** The changes that the pass took up; of many, the first few. */
  readonly changes: readonly string[];
}
