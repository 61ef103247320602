/**
 * One pass: snapshot → plan → stream, apply, status. It reads the whole and brings everything in line with it; what failed
 * makes it throw, to be repeated. It decides nothing that the translator could.
 */

import type { ControlServer } from "../../control/server/server.ts";
import { type Gateway, objectKey } from "../../gateway-api/objects.ts";
import { infrastructureOf } from "../../infra/infrastructure.ts";
import type { ProxyPodOptions } from "../../infra/pod.ts";
import type { Logger } from "../../model/log.ts";
import type { Plan } from "../../model/plan.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Translator } from "../../translate/translator.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import type { InstalledBundle } from "../kube/bundle.ts";
import type { ProxyReports } from "../observe/proxies.ts";
import type { SettledPorts } from "../observe/settled-ports.ts";
import { takeSnapshot } from "../observe/snapshot.ts";
import type { Applier } from "../write/applier.ts";
import type { EventRecorder } from "../write/events.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import { gatewaysOf } from "./depends-on.ts";
import { type Refusals, refusalsOf, sameRefusals, withRefusals } from "./refusals.ts";
import type { StatusWriter } from "./statuses.ts";

export interface PassParts {
  readonly log: Logger;
  readonly informers: OperatorInformers;
  readonly bundle: InstalledBundle;
  readonly reports: ProxyReports;
  readonly ports: SettledPorts;
  readonly stream: Pick<ControlServer, "publish" | "retract">;
  readonly acknowledgements: Acknowledgements;
  readonly applier: Applier;
  readonly statuses: StatusWriter;
  readonly events: EventRecorder;
  readonly pod: ProxyPodOptions;
  readonly caBundle: () => string;
  /**
   * May proxies that take connections but have not been heard be waited for? True for a while after this replica began to
   * lead: until they have found it, nothing that depends on their word is written.
   */
  readonly mayBeAwaited: () => boolean;
}

export class Pass {
  readonly #parts: PassParts;
  /** Keeps what it made of the last snapshot. */
  readonly #translator = new Translator();
  /** Revisions by Gateway. */
  #published: ReadonlyMap<string, string> = new Map();
  /** What the API server last refused. */
  #refusals: Refusals = new Map();

  constructor(parts: PassParts) {
    this.#parts = parts;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { informers, reports, ports, bundle, applier, acknowledgements, statuses } = this.#parts;
    const { snapshot, silent } = takeSnapshot(informers, reports, ports, bundle.current?.version);
    const wanted = this.#translator.translate(withRefusals(snapshot, this.#refusals));
    const changed = this.#publish(wanted);
    const applied = await applier.reconcile(this.#infrastructure(wanted), signal, heldOwners(wanted));
    await acknowledgements.wait(changed);
    const plan = this.#withNewRefusals(wanted, snapshot, refusalsOf(applied.refused));
    const awaited = this.#parts.mayBeAwaited() ? silent : new Map<string, readonly string[]>();
    const settled = this.#without(awaited, plan.statuses);
    const failures = [...applied.failures, ...(await statuses.write(settled, signal))];
    this.#tellForeign(applied.foreign, snapshot.gateways);
    for (const gateway of snapshot.gateways) this.#tellMissingClass(gateway);
    if (failures.length > 0) throw new AggregateError(failures, writesFailed(failures));
  }

  /** Forgets what was published: another replica may have changed it by the time this one leads again. */
  forget(): void {
    this.#published = new Map();
    this.#refusals = new Map();
  }

  /** A refusal changes nothing but statuses. */
  #withNewRefusals(plan: Plan, snapshot: Snapshot, refusals: Refusals): Plan {
    if (sameRefusals(refusals, this.#refusals)) return plan;
    this.#refusals = refusals;
    return this.#translator.translate(withRefusals(snapshot, refusals));
  }

  /** Returns what is other than before. */
  #publish(plan: Plan): ReadonlyMap<string, string> {
    const { stream } = this.#parts;
    const before = this.#published;
    this.#published = new Map([...plan.gateways].map(([key, { config }]) => [key, config.revision]));
    for (const [key, { config }] of plan.gateways) stream.publish(key, config);
    for (const key of before.keys()) if (!plan.gateways.has(key)) stream.retract(key);
    return new Map([...this.#published].filter(([key, revision]) => before.get(key) !== revision));
  }

  /** The statuses that speak of none of these Gateways. */
  #without(gateways: ReadonlyMap<string, unknown>, statuses: Plan["statuses"]): Plan["statuses"] {
    if (gateways.size === 0) return statuses;
    const { listenerSets } = this.#parts.informers.of;
    const listenerSet = (key: string) => listenerSets.get(key);
    return statuses.filter((status) => !gatewaysOf(status, listenerSet).some((key) => gateways.has(key)));
  }

  #infrastructure(plan: Plan) {
    const options = { ...this.#parts.pod, caBundle: this.#parts.caBundle() };
    return [...plan.gateways.values()]
      .filter(({ namespace, name }) => !this.#isEnding(`${namespace}/${name}`))
      .flatMap((gateway) => infrastructureOf(gateway, options));
  }

  /** What belongs to a Gateway or namespace that is being deleted goes by itself; creating it again would be refused. */
  #isEnding(key: string): boolean {
    const { gateways, namespaces } = this.#parts.informers.of;
    const [namespace = ""] = key.split("/");
    return [gateways.get(key), namespaces.get(namespace)].some((o) => o?.metadata.deletionTimestamp !== undefined);
  }

  /** An object under a name of ours that somebody else made is left alone: the Gateway's owner must know. */
  #tellForeign(foreign: readonly string[], gateways: readonly Gateway[]): void {
    for (const id of foreign) {
      this.#parts.log.warn("an object is not ours to apply; delete or rename it", { object: id });
      const namespace = id.split(" ")[1]?.split("/")[0];
      for (const gateway of gateways.filter((g) => g.metadata.namespace === namespace)) {
        const message = `${id} is not ours: delete or rename it, so that the Gateway's own can be made`;
        this.#parts.events.record(gateway, { type: "Warning", reason: "NameTaken", message, about: id });
      }
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

/** Uids of the Gateways whose parameters cannot be used: nothing of theirs is to go. */
function heldOwners({ gateways }: Plan): ReadonlySet<string> {
  return new Set([...gateways.values()].flatMap(({ parameters, uid }) => (parameters === undefined ? [uid] : [])));
}

/** With the first few reasons: they mostly are all the same. */
function writesFailed(failures: readonly unknown[]): string {
  const reasons = [
    ...new Set(failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)))),
  ];
  return `${failures.length} writes failed: ${reasons.slice(0, 3).join("; ")}`;
}
