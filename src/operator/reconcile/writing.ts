/**
 * The other half of the operator's work: plan → apply, status, Events. It works on the newest plan that was published, as fast as
 * the API server takes it, and waits for the proxies' acknowledgements. A failure on the way to the API server makes it throw, to be
 * repeated; a rejected write does not: it goes into a status and is retried by itself. It decides nothing that the translator could.
 */
import { type Gateway, type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import type { ProxyPodOptions } from "../../infra/pod.ts";
import type { Logger } from "../../model/log.ts";
import type { Plan } from "../../model/plan.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import type { RolloutPacer } from "../rollout/rollout-pacer.ts";
import type { WriteRound } from "../trail.ts";
import type { Applier } from "../write/applier.ts";
import type { EventRecorder } from "../write/events.ts";
import { controllerUid } from "../write/ownership.ts";
import type { Acknowledgements, Publications } from "./acknowledgements.ts";
import { gatewaysOf } from "./depends-on.ts";
import { Provisions } from "./provisions.ts";
import type { Published } from "./publication.ts";
import { findRejectedDeployments, type Refusals, refusalsOf } from "./refusals.ts";
import type { StatusReport, StatusWriter } from "./statuses.ts";

/** As much of the informers as is asked here. */
type Caches = {
  readonly [K in "gateways" | "gatewayClasses" | "listenerSets" | "namespaces"]: Pick<
    OperatorInformers["of"][K],
    "get" | "items"
  >;
};

export interface WritingParts {
  readonly log: Logger;
  readonly informers: { readonly of: Caches };
  /** The newest of all. */
  readonly published: () => Published | undefined;
  readonly acknowledgements: Pick<Acknowledgements, "wait">;
  readonly trail: { beginWriting(): Pick<WriteRound, "end"> };
  readonly pacer: Pick<RolloutPacer, "pace" | "onRejected">;
  readonly applier: Pick<Applier, "reconcile" | "cancel">;
  readonly statuses: Pick<StatusWriter, "write">;
  readonly events: Pick<EventRecorder, "record">;
  readonly pod: ProxyPodOptions;
  readonly caBundle: () => string;
  /**
   * May proxies that take connections but have not been heard be waited for? True for a while after this replica began to
   * lead: until they have found it, nothing that depends on their word is written.
   */
  readonly mayBeAwaited: () => boolean;
  /** Told what the API server refuses of what was to be applied. Answers whether that is news, and leads to another plan. */
  readonly onRefusals: (refusals: Refusals) => boolean;
  /** Something is left to be written: in so many ms another round is due. */
  readonly onLeft: (inMs: number) => void;
}

export class Writing {
  readonly #parts: WritingParts;
  readonly #provisions: Provisions;
  /** What the proxies have been waited for already: one that was late is not waited for again. */
  #awaited: Publications = new Map();
  #owners: Owners = { gateways: [], byUid: new Map() };

  constructor(parts: WritingParts) {
    this.#parts = parts;
    this.#provisions = new Provisions(parts.pod);
  }

  /** Called when leadership is lost, beside the signal of `run`: aborts writes that no round waits for. */
  cancel(): void {
    this.#parts.applier.cancel();
  }

  async run(signal: AbortSignal): Promise<void> {
    const round = this.#parts.trail.beginWriting();
    try {
      await this.#write(signal);
      round.end("succeeded");
    } catch (error) {
      round.end(signal.aborted ? "cancelled" : "failed");
      throw error;
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { published, pacer, applier, onRefusals, onLeft } = this.#parts;
    const newest = published();
    if (newest === undefined) return;
    const { plan, gateways } = newest;
    const { objects, recheckInMs } = pacer.pace(this.#infrastructure(newest));
    const owners = this.#ownersOf(gateways);
    const applied = await applier.reconcile(objects, { signal, owners, prunableOwners: prunableOwners(newest) });
    pacer.onRejected(findRejectedDeployments(applied.refused));
    if (recheckInMs !== undefined) onLeft(recheckInMs);
    for (const object of applied.foreign) this.#reportForeign(object, owners);
    for (const gateway of gateways) if (!plan.gateways.has(objectKey(gateway))) this.#tellMissingClass(gateway);
    // What was refused now belongs into statuses: the plan that says so is on its way, and this one's would not be true.
    const isOutdated = onRefusals(refusalsOf(applied.refused));
    const { failures: notWritten, leftForMs } = isOutdated ? NOTHING_LEFT : await this.#writeStatuses(newest, signal);
    const failures = [...applied.failures, ...notWritten];
    if (failures.length > 0) throw new AggregateError(failures, writesFailed(failures));
    const dueInMs = [applied.retryInMs, leftForMs].filter((ms) => ms !== undefined);
    if (dueInMs.length > 0) onLeft(Math.min(...dueInMs));
  }

  /** The same map while the Gateways are the same. */
  #ownersOf(gateways: readonly Gateway[]): ReadonlyMap<string, Gateway> {
    if (this.#owners.gateways !== gateways) {
      const byUid = new Map(gateways.map((gateway) => [gateway.metadata.uid ?? "", gateway]));
      this.#owners = { gateways, byUid };
    }
    return this.#owners.byUid;
  }

  async #writeStatuses({ plan, silent, waiting, publications }: Published, signal: AbortSignal): Promise<StatusReport> {
    await this.#wait(publications);
    const awaited = this.#parts.mayBeAwaited() ? silent : new Map<string, readonly string[]>();
    const unknown = new Set([...awaited.keys(), ...waiting]);
    return this.#parts.statuses.write(this.#without(unknown, plan.statuses), signal);
  }

  async #wait(publications: Publications): Promise<void> {
    const before = this.#awaited;
    this.#awaited = publications;
    const news = [...publications].filter(([key, number]) => before.get(key) !== number);
    await this.#parts.acknowledgements.wait(new Map(news));
  }

  /** The statuses that speak of none of these Gateways. */
  #without(gateways: ReadonlySet<string>, statuses: Plan["statuses"]): Plan["statuses"] {
    if (gateways.size === 0) return statuses;
    const { listenerSets } = this.#parts.informers.of;
    const listenerSet = (key: string) => listenerSets.get(key);
    return statuses.filter((status) => !gatewaysOf(status, listenerSet).some((key) => gateways.has(key)));
  }

  #infrastructure({ plan, waiting }: Pick<Published, "plan" | "waiting">) {
    const staying = [...plan.gateways].filter(([key]) => !this.#isEnding(key) && !waiting.has(key));
    return this.#provisions.of(new Map(staying), this.#parts.caBundle());
  }

  /** What belongs to a Gateway or namespace that is being deleted goes by itself; creating it again would be refused. */
  #isEnding(key: string): boolean {
    const { gateways, namespaces } = this.#parts.informers.of;
    const [namespace = ""] = key.split("/");
    return [gateways.get(key), namespaces.get(namespace)].some((o) => o?.metadata.deletionTimestamp !== undefined);
  }

  /** Does not change an object of another controller under a name that a Gateway needs, and reports it to the Gateway's owner. */
  #reportForeign(object: KubernetesObject, owners: ReadonlyMap<string, Gateway>): void {
    const { events, log } = this.#parts;
    const gateway = owners.get(controllerUid(object) ?? "");
    if (gateway === undefined) return;
    const id = `${object.kind} ${objectKey(object)}`;
    const message = `${id} is not managed by this Gateway. Delete or rename it, so that the Gateway's own can be created`;
    const isNew = events.record(gateway, { type: "Warning", reason: "NameTaken", message, about: id });
    const { namespace, name } = object.metadata;
    if (isNew) {
      log.warn("Object is not managed by this Gateway; delete or rename it", { kind: object.kind, namespace, name });
    }
  }

  /** Such a Gateway has no controller, so that no status reports it. A Gateway of this controller has a condition: see `plan`. */
  #tellMissingClass(gateway: Gateway): void {
    const { informers, events, log } = this.#parts;
    const { gatewayClasses } = informers.of;
    const name = gateway.spec.gatewayClassName;
    if (gatewayClasses.get(name) !== undefined) return;
    const classes = gatewayClasses.items().map(({ metadata }) => metadata.name);
    const message = `There is no GatewayClass ${name}; there is ${classes.join(", ") || "none: apply install.yaml again"}`;
    const isNew = events.record(gateway, { type: "Warning", reason: "GatewayClassNotFound", message, about: "class" });
    if (isNew)
      log.warn("a Gateway names a class that does not exist", { gateway: objectKey(gateway), gatewayClassName: name });
  }
}

interface Owners {
  readonly gateways: readonly Gateway[];
  readonly byUid: ReadonlyMap<string, Gateway>;
}

const NOTHING_LEFT: StatusReport = { failures: [] };

/**
 * Returns uids of the Gateways whose undesired objects are deleted: the ones whose desired objects are all known, and the ones that
 * another controller manages now. Objects of any other owner stay. The cluster's garbage collector deletes the objects of a deleted
 * Gateway, after it has read from the API server that the owner does not exist.
 */
function prunableOwners({ plan, waiting }: Pick<Published, "plan" | "waiting">): ReadonlySet<string> {
  const known = [...plan.gateways].filter(([key, { parameters }]) => parameters !== undefined && !waiting.has(key));
  return new Set([...known.map(([, { uid }]) => uid), ...plan.released]);
}

/** With the first few reasons: they mostly are all the same. */
function writesFailed(failures: readonly unknown[]): string {
  const reasons = [
    ...new Set(failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)))),
  ];
  return `${failures.length} writes failed: ${reasons.slice(0, 3).join("; ")}`;
}
