/** The result of applying and deleting objects, and how it is collected. Pure. */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { ObjectFailure } from "./object-backoff.ts";

export interface ApplyReport {
  readonly applied: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** Desired objects under whose names there are objects of another controller: not applied, to be reported to the user. */
  readonly foreign: readonly KubernetesObject[];
  /** Objects that the API server rejected and that wait for the next try, to be reported to the user. */
  readonly refused: readonly RefusedObject[];
  /** Failures on the way to the API server, mostly ApiErrors: the round is to be repeated. */
  readonly failures: readonly unknown[];
  /** When the first object that waits is to be tried again, in milliseconds; absent if none waits. */
  readonly retryInMs?: number;
}

/** A write at the moment it was rejected. */
export interface RefusedWrite extends RefusedObject {
  /** Time to the next try, in milliseconds. */
  readonly waitMs: number;
}

export interface RefusedObject {
  readonly object: KubernetesObject;
  /** The API server's own words. */
  readonly message: string;
  /** Failures in a row. */
  readonly failures: number;
}

/** Why an object waits. A conflict is not reported: the cache is behind, and the next try reads the object. */
export type ApplyProblem =
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "foreign" }
  | { readonly type: "conflict" };

/** Collects what happens during one reconciliation. */
export class ApplyReportBuilder {
  readonly counts = { applied: 0, unchanged: 0, deleted: 0 };
  readonly foreign: KubernetesObject[] = [];
  readonly refused: RefusedObject[] = [];
  readonly failures: unknown[] = [];
  #retryInMs: number | undefined;

  /** Records that an object waits for its next try. */
  waits(object: KubernetesObject, { problem, failures, waitMs }: ObjectFailure<ApplyProblem>): void {
    this.#retryInMs = Math.min(this.#retryInMs ?? waitMs, waitMs);
    if (problem.type === "foreign") this.foreign.push(object);
    if (problem.type === "refused") this.refused.push({ object, message: problem.message, failures });
  }

  get result(): ApplyReport {
    const { counts, foreign, refused, failures } = this;
    return {
      ...counts,
      foreign,
      refused,
      failures,
      ...(this.#retryInMs !== undefined && { retryInMs: this.#retryInMs }),
    };
  }
}
