/**
 * Brings provisioned objects in line with what is wanted, by server-side apply, and deletes those that no longer are. It sends
 * nothing for an object that already is as wanted, so that a restart of the operator with nothing changed writes nothing;
 * and it never touches an object that somebody else controls.
 */
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import type { Cache } from "../informer/cache.ts";
import type { ManagedObject } from "../informer/trim.ts";
import { type ApiError, isApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { apiVersionOf, type ResourceType, referenceTo } from "../kube/resource.ts";
import { jsonEqual } from "./canonical.ts";
import { concurrently, failuresOf } from "./concurrently.ts";
import { handOverReplicas } from "./hand-over.ts";
import { holds, ownsNoMoreThan, project } from "./managed-fields.ts";
import { tellOutcome, type Write } from "./outcome.ts";
import { controllerUid, hasSameController, isProvisioned } from "./ownership.ts";

/** A kind that is applied, and its live objects as far as they may be ours; they keep our entry of managedFields. */
export interface AppliedKind {
  readonly type: ResourceType;
  readonly live: Pick<Cache<KubernetesObject>, "items" | "get">;
}

export interface ApplierOptions {
  readonly client: Pick<KubeClient, "get" | "apply" | "delete">;
  /** In the order in which they are applied; deleted in reverse. */
  readonly kinds: readonly AppliedKind[];
  readonly fieldManager: string;
  /** Told of each write that was answered; for metrics and the log. */
  readonly onWrite?: (write: Write) => void;
}

export interface ApplyReport {
  readonly applied: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** `<kind> <namespace>/<name>` of objects that somebody else controls: not applied, to be told to the user. */
  readonly foreign: readonly string[];
  /** What the API server refuses for what it says, whoever asks and however often: to be told to the user. */
  readonly refused: readonly RefusedObject[];
  /** ApiErrors, mostly; the pass is to be repeated. */
  readonly failures: readonly unknown[];
}

export interface RefusedObject {
  readonly object: KubernetesObject;
  /** The API server's own words. */
  readonly message: string;
}

type ApplyOutcome = "applied" | "unchanged" | "foreign";

/** What was applied, and what the API server made of it. */
interface Applied {
  readonly wanted: KubernetesObject;
  readonly normal: unknown;
}

export class Applier {
  readonly #options: ApplierOptions;
  readonly #applied = new Map<string, Applied>();
  /** The live object that was last seen to be as wanted: while both are the same objects, there is nothing to compare. */
  readonly #unchanged = new WeakMap<KubernetesObject, KubernetesObject>();

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * `wanted` is everything: an object of ours that is not in it is deleted, unless its owner is in `held` (a set of uids). Rejects
   * only when `signal` has aborted.
   */
  async reconcile(
    wanted: readonly KubernetesObject[],
    signal?: AbortSignal,
    held: ReadonlySet<string> = NOBODY,
  ): Promise<ApplyReport> {
    const { kinds } = this.#options;
    this.#refuseUnknown(wanted);
    const report = { applied: 0, unchanged: 0, deleted: 0, foreign: [] as string[], failures: [] as unknown[] };
    const refused: RefusedObject[] = [];
    for (const kind of kinds) {
      const objects = wanted.filter((object) => isOf(kind.type, object));
      const outcomes = await concurrently(objects, (object) => this.#apply(kind, object, signal));
      outcomes.forEach((outcome, index) => {
        const object = objects[index];
        if (outcome.status === "rejected") {
          const { reason } = outcome;
          if (object !== undefined && isRefusal(reason))
            refused.push({ object, message: reason.answer ?? reason.message });
          return;
        }
        if (outcome.value !== "foreign") report[outcome.value]++;
        else if (object !== undefined) report.foreign.push(idOf(object));
      });
      report.failures.push(...failuresOf(outcomes));
    }
    for (const kind of kinds.toReversed()) {
      const outcomes = await concurrently(this.#unwanted(kind, wanted, held), (object) =>
        this.#delete(kind, object, signal),
      );
      report.deleted += outcomes.filter((outcome) => outcome.status === "fulfilled").length;
      report.failures.push(...failuresOf(outcomes));
    }
    signal?.throwIfAborted();
    return { ...report, refused };
  }

  async #apply({ type, live }: AppliedKind, wanted: KubernetesObject, signal?: AbortSignal): Promise<ApplyOutcome> {
    signal?.throwIfAborted();
    const { client, fieldManager } = this.#options;
    // What the cache does not have may be there all the same: without our label, or too new.
    const present: ManagedObject | undefined =
      live.get(objectKey(wanted)) ??
      (await client.get<ManagedObject>(type, referenceTo(wanted), { signal }).catch(absent));
    if (present !== undefined) {
      if (this.#unchanged.get(wanted) === present) return "unchanged";
      if (!hasSameController(present, wanted)) return "foreign";
      if (this.#isAsWanted(present, wanted)) {
        this.#unchanged.set(wanted, present);
        return "unchanged";
      }
    }
    if (present !== undefined) await handOverReplicas(client, type, present, wanted, { fieldManager, signal });
    const request = client.apply(type, wanted, { fieldManager, force: true, signal });
    const result = await this.#told("apply", wanted, request, signal);
    this.#applied.set(idOf(wanted), { wanted, normal: project(result, wanted) });
    return "applied";
  }

  /**
   * The second way is for values that the API server writes differently than we do: they never look as wanted, and yet are
   * what came of applying just this.
   */
  #isAsWanted(present: ManagedObject, wanted: KubernetesObject): boolean {
    if (holds(present, wanted) && ownsNoMoreThan(present, wanted, this.#options.fieldManager)) return true;
    const last = this.#applied.get(idOf(wanted));
    return last !== undefined && jsonEqual(last.wanted, wanted) && holds(present, last.normal);
  }

  #unwanted(
    { type, live }: AppliedKind,
    wanted: readonly KubernetesObject[],
    held: ReadonlySet<string>,
  ): readonly KubernetesObject[] {
    const keep = new Set(wanted.filter((object) => isOf(type, object)).map(objectKey));
    return live
      .items()
      .filter((object) => isProvisioned(object, this.#options.fieldManager))
      .filter((object) => object.metadata.deletionTimestamp === undefined && !keep.has(objectKey(object)))
      .filter((object) => !held.has(controllerUid(object) ?? ""));
  }

  async #delete({ type }: AppliedKind, object: KubernetesObject, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { uid } = object.metadata;
    this.#applied.delete(idOf(object));
    try {
      const only = uid === undefined ? {} : { uid };
      const request = this.#options.client.delete(type, referenceTo(object), { signal, ...only });
      await this.#told("delete", object, request, signal);
    } catch (error) {
      // Gone already, or replaced by another object of that name.
      if (!isApiError(error, "NotFound", "Conflict")) throw error;
    }
  }

  #told<T>(verb: Write["verb"], object: KubernetesObject, request: Promise<T>, signal?: AbortSignal): Promise<T> {
    const { onWrite } = this.#options;
    return tellOutcome(
      request,
      (outcome) => onWrite?.({ verb, kind: object.kind, object: objectKey(object), outcome }),
      signal,
    );
  }

  #refuseUnknown(wanted: readonly KubernetesObject[]): void {
    const unknown = wanted.find((object) => !this.#options.kinds.some(({ type }) => isOf(type, object)));
    if (unknown !== undefined) throw new Error(`the applier is not made for ${unknown.apiVersion} ${unknown.kind}`);
  }
}

/** Not a matter of time: what was asked for is wrong, or not permitted (by a quota, an admission rule). */
function isRefusal(error: unknown): error is ApiError {
  if (isApiError(error, "Invalid", "BadRequest", "Forbidden")) return true;
  // An unknown field is a mistake of ours or of the user's, but the API server calls it its own (500).
  return isApiError(error, "ServerError") && error.answer?.startsWith(UNKNOWN_FIELD) === true;
}

const UNKNOWN_FIELD = "failed to create typed patch object";

const NOBODY: ReadonlySet<string> = new Set();

function isOf(type: ResourceType, object: KubernetesObject): boolean {
  return object.kind === type.kind && object.apiVersion === apiVersionOf(type);
}

function idOf(object: KubernetesObject): string {
  return `${object.kind} ${objectKey(object)}`;
}

function absent(error: unknown): undefined {
  if (isApiError(error, "NotFound")) return undefined;
  throw error;
}
