/**
 * Applies the desired objects by server-side apply, and deletes objects that are no longer desired. Sends nothing for an object that
 * equals the desired one, so that a restart of the operator without changes writes nothing. Never writes to an object of another
 * controller. Rejected writes are retried with a backoff per object, and writes that take long stay in flight (late-writes.ts).
 */
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import type { Cache } from "../informer/cache.ts";
import type { ManagedObject } from "../informer/trim.ts";
import { isApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { apiVersionOf, type ResourceType, referenceTo } from "../kube/resource.ts";
import { type ApplyProblem, type ApplyReport, ApplyReportBuilder, type RefusedWrite } from "./apply-report.ts";
import { jsonEqual } from "./canonical.ts";
import { concurrently, failuresOf } from "./concurrently.ts";
import { handOverReplicas } from "./hand-over.ts";
import { LateWrites } from "./late-writes.ts";
import { holds, ownsNoMoreThan, project } from "./managed-fields.ts";
import { NamespaceTurns } from "./namespace-turns.ts";
import { ObjectBackoff, type ObjectBackoffOptions } from "./object-backoff.ts";
import { tellOutcome, type Write } from "./outcome.ts";
import { controllerUid, hasSameController, isProvisioned } from "./ownership.ts";
import { isRefusal } from "./refusal.ts";

/** A kind that is applied, and its live objects as far as they may be ours; they keep our entry of managedFields. */
export interface AppliedKind {
  readonly type: ResourceType;
  readonly live: Pick<Cache<KubernetesObject>, "items" | "get">;
}

export interface ApplierOptions extends ObjectBackoffOptions {
  readonly clock: Pick<Clock, "nowMs" | "sleep">;
  readonly client: Pick<KubeClient, "get" | "apply" | "delete">;
  /** In the order in which they are applied; deleted in reverse. */
  readonly kinds: readonly AppliedKind[];
  readonly fieldManager: string;
  /** Called for each write with a response; for metrics and the log. */
  readonly onWrite?: (write: Write) => void;
  /** Called when a write that the last call of `reconcile` has not waited for has ended: it should be called again. */
  readonly onLateEnd?: () => void;
  /** Called for each write that was rejected because of its content; for the log. */
  readonly onRefused?: (refused: RefusedWrite) => void;
}

export interface ApplyOptions {
  readonly signal?: AbortSignal;
  /**
   * Uids of owners whose undesired objects are deleted. An object of another owner is never deleted: an owner that is missing here may
   * exist and not be read.
   */
  readonly prunableOwners?: ReadonlySet<string>;
  /** Owners by uid. A changed owner object under the same uid, as after an edit, resets the backoff of everything it owns. */
  readonly owners?: ReadonlyMap<string, unknown>;
}

type ApplyOutcome = "applied" | "unchanged" | "foreign";

/** What was applied, and what the API server made of it. */
interface Applied {
  readonly wanted: KubernetesObject;
  readonly normal: unknown;
}

export class Applier {
  readonly #options: ApplierOptions;
  readonly #backoff: ObjectBackoff<ApplyProblem>;
  readonly #late: LateWrites;
  readonly #turns = new NamespaceTurns();
  readonly #applied = new Map<string, Applied>();
  /** The live object that was last seen to be as wanted: while both are the same objects, there is nothing to compare. */
  readonly #unchanged = new WeakMap<KubernetesObject, KubernetesObject>();

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#backoff = new ObjectBackoff(options);
    this.#late = new LateWrites({ clock: options.clock, onLateEnd: () => options.onLateEnd?.() });
  }

  /** Number of objects in backoff after a rejected write. */
  get waiting(): number {
    return this.#backoff.size;
  }

  /** Called when leadership is lost: writes that are still in flight are aborted. */
  cancel(): void {
    this.#late.cancel();
  }

  /** `wanted` are all desired objects. Rejects only when `signal` has aborted. */
  async reconcile(wanted: readonly KubernetesObject[], options: ApplyOptions = {}): Promise<ApplyReport> {
    const { kinds } = this.#options;
    this.#refuseUnknown(wanted);
    const report = new ApplyReportBuilder();
    report.failures.push(...this.#late.takeFailures());
    const unwanted: KubernetesObject[] = [];
    for (const kind of kinds) {
      const objects = wanted.filter((object) => isOf(kind.type, object));
      const outcomes = await concurrently(this.#inTurns(objects), (object) =>
        this.#applyUnlessWaiting(kind, object, report, options),
      );
      report.failures.push(...failuresOf(outcomes));
    }
    for (const kind of kinds.toReversed()) {
      const objects = this.#unwanted(kind, wanted, options);
      unwanted.push(...objects);
      const outcomes = await concurrently(this.#inTurns(objects), (object) =>
        this.#deleteUnlessWaiting(kind, object, report, options),
      );
      report.failures.push(...failuresOf(outcomes));
    }
    this.#dropBackoffs(wanted, unwanted);
    options.signal?.throwIfAborted();
    return report.result;
  }

  /** Namespaces take turns, so that the many objects of one do not delay the few of another. */
  *#inTurns(objects: readonly KubernetesObject[]): Generator<KubernetesObject> {
    const items = objects.map((object) => ({ namespace: object.metadata.namespace ?? "", object }));
    for (const { object } of this.#turns.order(items)) yield object;
  }

  /** An object that is neither desired nor to be deleted leaves its backoff. */
  #dropBackoffs(wanted: readonly KubernetesObject[], unwanted: readonly KubernetesObject[]): void {
    if (this.#backoff.size === 0) return;
    const keys = new Set([...wanted.map(applyKey), ...unwanted.map(deleteKey)]);
    this.#backoff.retain((key) => keys.has(key));
  }

  async #applyUnlessWaiting(
    kind: AppliedKind,
    wanted: KubernetesObject,
    report: ApplyReportBuilder,
    { signal, owners }: ApplyOptions,
  ): Promise<void> {
    const cached = kind.live.get(objectKey(wanted));
    if (cached !== undefined && this.#unchanged.get(wanted) === cached) {
      this.#backoff.reset(applyKey(wanted));
      report.counts.unchanged++;
      return;
    }
    const basis = [wanted, owners?.get(controllerUid(wanted) ?? ""), cached?.metadata.uid, cached?.metadata.generation];
    await this.#tryUnlessWaiting(applyKey(wanted), wanted, basis, report, async () => {
      const outcome = await this.#apply(kind, wanted, cached, this.#orCancelled(signal));
      if (outcome !== "foreign") report.counts[outcome]++;
      // Reading an object in the cache costs no request.
      else if (cached !== undefined) report.foreign.push(wanted);
      else return { type: "foreign" };
      return undefined;
    });
  }

  async #deleteUnlessWaiting(
    kind: AppliedKind,
    object: KubernetesObject,
    report: ApplyReportBuilder,
    { signal, owners }: ApplyOptions,
  ): Promise<void> {
    const basis = [owners?.get(controllerUid(object) ?? ""), object.metadata.uid, object.metadata.generation];
    await this.#tryUnlessWaiting(deleteKey(object), object, basis, report, async () => {
      await this.#delete(kind, object, this.#orCancelled(signal));
      report.counts.deleted++;
      return undefined;
    });
  }

  /** `attempt` returns the reason to wait, if any. Throws failures that do not concern the object. */
  async #tryUnlessWaiting(
    key: string,
    object: KubernetesObject,
    basis: readonly unknown[],
    report: ApplyReportBuilder,
    attempt: () => Promise<ApplyProblem | undefined>,
  ): Promise<void> {
    const before = this.#backoff.find(key, basis);
    if (before !== undefined && before.waitMs > 0) return report.waits(object, before);
    const { namespace = "" } = object.metadata;
    if (this.#late.isBlocked(key, namespace)) return report.isLate(object, before);
    await this.#late.run(key, namespace, async () => {
      const problem = await attempt().catch((error: unknown): ApplyProblem => {
        if (isApiError(error, "Conflict", "AlreadyExists")) return { type: "conflict" };
        if (isRefusal(error)) return { type: "refused", message: error.answer ?? error.message };
        if (before !== undefined) report.waits(object, before);
        throw error;
      });
      if (problem === undefined) return this.#backoff.reset(key);
      const failure = this.#backoff.onFailed(key, basis, problem);
      report.waits(object, failure);
      const { failures, waitMs } = failure;
      if (problem.type === "refused") this.#options.onRefused?.({ object, message: problem.message, failures, waitMs });
    });
  }

  #orCancelled(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#late.signal : AbortSignal.any([signal, this.#late.signal]);
  }

  async #apply(
    { type }: AppliedKind,
    wanted: KubernetesObject,
    cached: ManagedObject | undefined,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    signal?.throwIfAborted();
    const { client, fieldManager } = this.#options;
    // What the cache does not have may be there all the same: without our label, or too new.
    const present = cached ?? (await client.get<ManagedObject>(type, referenceTo(wanted), { signal }).catch(absent));
    if (present !== undefined) {
      if (!hasSameController(present, wanted)) return "foreign";
      if (this.#isAsWanted(present, wanted)) {
        this.#unchanged.set(wanted, present);
        return "unchanged";
      }
    }
    if (present !== undefined) await handOverReplicas(client, type, present, wanted, { fieldManager, signal });
    const request = this.#sendApply(type, present, wanted, signal);
    const result = await this.#told("apply", wanted, request, signal);
    this.#applied.set(idOf(wanted), { wanted, normal: project(result, wanted) });
    return "applied";
  }

  /**
   * Takes over fields from other managers only if the object, identified by its uid, belonged to this Gateway when it was read. If it
   * did not exist then, an object that another client has created meanwhile is a Conflict and is not overwritten.
   */
  #sendApply(
    type: ResourceType,
    present: KubernetesObject | undefined,
    wanted: KubernetesObject,
    signal: AbortSignal | undefined,
  ): Promise<KubernetesObject> {
    const { client, fieldManager } = this.#options;
    const force = present?.metadata.uid !== undefined;
    return client.apply(type, withUid(wanted, present?.metadata.uid), { fieldManager, force, signal });
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
    { prunableOwners = NO_OWNERS }: ApplyOptions,
  ): readonly KubernetesObject[] {
    const keep = new Set(wanted.filter((object) => isOf(type, object)).map(objectKey));
    return live
      .items()
      .filter((object) => isProvisioned(object, this.#options.fieldManager))
      .filter((object) => object.metadata.deletionTimestamp === undefined && !keep.has(objectKey(object)))
      .filter((object) => prunableOwners.has(controllerUid(object) ?? ""));
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

const NO_OWNERS: ReadonlySet<string> = new Set();

function isOf(type: ResourceType, object: KubernetesObject): boolean {
  return object.kind === type.kind && object.apiVersion === apiVersionOf(type);
}

function idOf(object: KubernetesObject): string {
  return `${object.kind} ${objectKey(object)}`;
}

function applyKey(object: KubernetesObject): string {
  return `apply ${idOf(object)}`;
}

function deleteKey(object: KubernetesObject): string {
  return `delete ${idOf(object)}`;
}

/** With a uid in the body of an apply, the API server responds with Conflict unless the stored object has the same uid. */
export function withUid<T extends KubernetesObject>(object: T, uid: string | undefined): T {
  return uid === undefined ? object : { ...object, metadata: { ...object.metadata, uid } };
}

function absent(error: unknown): undefined {
  if (isApiError(error, "NotFound")) return undefined;
  throw error;
}
