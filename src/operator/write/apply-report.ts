/** Collects the results of applying and deleting objects. Pure. */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { ObjectFailure } from "./object-backoff.ts";

export interface ApplyReport {
  readonly applied: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** Desired objects whose names are taken by objects of another controller: not applied, reported to the user. */
  readonly foreign: readonly KubernetesObject[];
  /** Objects that the API server rejected and that wait for the next retry, reported to the user. */
  readonly refused: readonly RefusedObject[];
  /** Failures to reach the API server, mostly ApiErrors: the cluster sync must be retried. */
  readonly failures: readonly unknown[];
  /** Time until the first waiting object is retried, in milliseconds; undefined if none waits. */
  readonly retryInMs?: number;
}

/** A write at the moment it was rejected. */
export interface RefusedWrite extends RefusedObject {
  /** Time until the next retry, in milliseconds. */
  readonly waitMs: number;
}

export interface RefusedObject {
  readonly object: KubernetesObject;
  /** Message of the API server. */
  readonly message: string;
  /** Number of consecutive failures. */
  readonly failures: number;
}

/** Reason why an object waits. A conflict is not reported: the cache is outdated, and the retry reads the object. */
export type ApplyProblem =
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "foreign" }
  | { readonly type: "conflict" };

/** Collects the results of one reconciliation. */
export class ApplyReportBuilder {
  readonly counts = { applied: 0, unchanged: 0, deleted: 0 };
  readonly foreign: KubernetesObject[] = [];
  readonly refused: RefusedObject[] = [];
  readonly failures: unknown[] = [];
  #retryInMs: number | undefined;

  /** Records that an object waits for its next retry. */
  waits(object: KubernetesObject, { problem, failures, waitMs }: ObjectFailure<ApplyProblem>): void {
    this.#retryInMs = Math.min(this.#retryInMs ?? waitMs, waitMs);
    if (problem.type === "foreign") this.foreign.push(object);
    if (problem.type === "refused") this.refused.push({ object, message: problem.message, failures });
  }

  /** Records that an object is not retried before a write that is in flight has ended. What was reported of it stays reported. */
  isLate(object: KubernetesObject, before: ObjectFailure<ApplyProblem> | undefined): void {
    if (before?.problem.type === "foreign") this.foreign.push(object);
    if (before?.problem.type === "refused") {
      this.refused.push({ object, message: before.problem.message, failures: before.failures });
    }
  }

  /** A copy: the outcome of a write that ends later counts in the next report. */
  get result(): ApplyReport {
    const { counts, foreign, refused, failures } = this;
    return {
      ...counts,
      foreign: [...foreign],
      refused: [...refused],
      failures: [...failures],
      ...(this.#retryInMs !== undefined && { retryInMs: this.#retryInMs }),
    };
  }
}
