/**
 * Computes the backoff per object: exponential with full jitter, at most 5 minutes, reset when the dependencies of the write change. An
 * object that is rejected repeatedly costs a request now and then, and delays no other object.
 */
import { type BackoffLimits, backoffMs } from "../../loop/backoff.ts";
import type { Clock } from "../../loop/clock.ts";

/** The first wait exceeds a cluster sync. The last wait limits how long a fix that changes neither object nor owner stays unnoticed. */
const LIMITS: BackoffLimits = { firstMs: 1_000, maxMs: 300_000 };

export interface ObjectBackoffOptions {
  readonly clock: Pick<Clock, "nowMs">;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

export interface ObjectFailure<Problem> {
  readonly problem: Problem;
  /** Number of consecutive failures. */
  readonly failures: number;
  /** Time until the next retry, in milliseconds. */
  readonly waitMs: number;
}

interface Entry<Problem> {
  readonly basis: readonly unknown[];
  readonly problem: Problem;
  readonly failures: number;
  readonly dueAtMs: number;
}

/** `Problem`: details of the failure, reported while the object waits. */
export class ObjectBackoff<Problem> {
  readonly #options: ObjectBackoffOptions;
  readonly #entries = new Map<string, Entry<Problem>>();

  constructor(options: ObjectBackoffOptions) {
    this.#options = options;
  }

  /** Number of objects that failed and have not succeeded since. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Finds the failure of an object; `waitMs` is 0 if it may be retried. `basis` is the list of the write's dependencies, compared by the
   * identity of each member: a different basis resets the backoff.
   */
  find(key: string, basis: readonly unknown[]): ObjectFailure<Problem> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (!isSameBasis(entry.basis, basis)) {
      this.#entries.delete(key);
      return undefined;
    }
    const { problem, failures, dueAtMs } = entry;
    return { problem, failures, waitMs: Math.max(0, dueAtMs - this.#options.clock.nowMs()) };
  }

  /** Records a failure. */
  onFailed(key: string, basis: readonly unknown[], problem: Problem): ObjectFailure<Problem> {
    const { clock, random } = this.#options;
    const failures = (this.find(key, basis)?.failures ?? 0) + 1;
    const waitMs = backoffMs(failures, LIMITS, random);
    this.#entries.set(key, { basis, problem, failures, dueAtMs: clock.nowMs() + waitMs });
    return { problem, failures, waitMs };
  }

  /** Ends the backoff of an object, because a write succeeded or none is needed. */
  reset(key: string): void {
    this.#entries.delete(key);
  }

  /** Drops the objects that no longer exist or are no longer written. */
  retain(isKept: (key: string) => boolean): void {
    for (const key of this.#entries.keys()) if (!isKept(key)) this.#entries.delete(key);
  }
}

function isSameBasis(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, i) => Object.is(member, b[i]));
}
