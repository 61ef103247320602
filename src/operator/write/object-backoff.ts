/**
 * Backoff per object: exponential with full jitter, at most 5 minutes, and reset when what the write depends on changes. One object that
 * is rejected again and again costs a request now and then, and delays no other object.
 */
import { type BackoffLimits, backoffMs } from "../../loop/backoff.ts";
import type { Clock } from "../../loop/clock.ts";

/** The first wait is longer than a round of writes; the last bounds how long a fix that changes neither object nor owner stays unnoticed. */
const LIMITS: BackoffLimits = { firstMs: 1_000, maxMs: 300_000 };

export interface ObjectBackoffOptions {
  readonly clock: Pick<Clock, "nowMs">;
  /** From [0, 1). */
  readonly random: () => number;
}

export interface ObjectFailure<Problem> {
  readonly problem: Problem;
  /** Failures in a row. */
  readonly failures: number;
  /** Time to the next try, in milliseconds. */
  readonly waitMs: number;
}

interface Entry<Problem> {
  readonly basis: readonly unknown[];
  readonly problem: Problem;
  readonly failures: number;
  readonly dueAtMs: number;
}

/** `Problem`: what is known of the failure, to be reported while the object waits. */
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
   * Finds the failure of an object; `waitMs` is 0 if it may be tried again. `basis` is what the write depends on, compared member by
   * member by identity: another basis resets the backoff.
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
