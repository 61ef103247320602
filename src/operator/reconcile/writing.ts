/**
 * The other half of the operator's work: plan → apply, status, Events. It works on the newest plan that was published, as fast as
 * the API server takes it, and waits for the proxies' acknowledgements; what failed makes it throw, to be repeated. It decides
 * nothing that the translator could.
 */
import { type Gateway, objectKey } from "../../gateway-api/objects.ts";
import type { ProxyPodOptions } from "../../infra/pod.ts";
import type { Logger } from "../../model/log.ts";
import type { Plan } from "../../model/plan.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import type { RolloutPacer } from "../rollout/rollout-pacer.ts";
import type { WriteRound } from "../trail.ts";
import type { Applier } from "../write/applier.ts";
import type { EventRecorder } from "../write/events.ts";
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
  readonly applier: Pick<Applier, "reconcile">;
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

  constructor(parts: WritingParts) {
    this.#parts = parts;
    this.#provisions = new Provisions(parts.pod);
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
    const { gateways } = newest;
    const { objects, recheckInMs } = pacer.pace(this.#infrastructure(newest));
    const applied = await applier.reconcile(objects, signal, heldOwners(newest));
    pacer.onRejected(findRejectedDeployments(applied.refused));
    if (recheckInMs !== undefined) onLeft(recheckInMs);
    this.#tellForeign(applied.foreign, gateways);
    for (const gateway of gateways) this.#tellMissingClass(gateway);
    // What was refused now belongs into statuses: the plan that says so is on its way, and this one's would not be true.
    const isOutdated = onRefusals(refusalsOf(applied.refused));
    const { failures: notWritten, leftForMs } = isOutdated ? NOTHING_LEFT : await this.#writeStatuses(newest, signal);
    const failures = [...applied.failures, ...notWritten];
    if (failures.length > 0) throw new AggregateError(failures, writesFailed(failures));
    if (leftForMs !== undefined) onLeft(leftForMs);
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

  /** An object under a name of ours that somebody else made is left alone: the Gateway's owner must know. */
  #tellForeign(foreign: readonly string[], gateways: readonly Gateway[]): void {
    const { events, log } = this.#parts;
    for (const id of foreign) {
      const namespace = id.split(" ")[1]?.split("/")[0];
      const message = `${id} is not ours: delete or rename it, so that the Gateway's own can be made`;
      const isNew = gateways
        .filter((gateway) => gateway.metadata.namespace === namespace)
        .map((gateway) => events.record(gateway, { type: "Warning", reason: "NameTaken", message, about: id }));
      // Once, as the Event: the pass finds it again each time.
      const level = isNew.includes(true) ? "warn" : "debug";
      log[level]("an object is not ours to apply; delete or rename it", { object: id });
    }
  }

  /** Nobody else says it: a Gateway of a class that does not exist has no controller. */
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

const NOTHING_LEFT: StatusReport = { failures: [] };

/** Uids of the Gateways whose parameters cannot be used, or whose references are not read yet: nothing of theirs is to go. */
function heldOwners({ plan, waiting }: Pick<Published, "plan" | "waiting">): ReadonlySet<string> {
  const held = [...plan.gateways].filter(([key, { parameters }]) => parameters === undefined || waiting.has(key));
  return new Set(held.map(([, { uid }]) => uid));
}

/** With the first few reasons: they mostly are all the same. */
function writesFailed(failures: readonly unknown[]): string {
  const reasons = [
    ...new Set(failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)))),
  ];
  return `${failures.length} writes failed: ${reasons.slice(0, 3).join("; ")}`;
}
