/** Writes the statuses of a plan, and tells transitions as Events. Which entries are ours is the merge's business. */
import type { Condition, KubernetesObject } from "../../gateway-api/objects.ts";
import { objectKey } from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import type { StatusPlan } from "../../model/plan.ts";
import { mergeStatus, statusTime } from "../../translate/status/merge.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import type { KubeClient } from "../kube/client.ts";
import { concurrently, failuresOf } from "../write/concurrently.ts";
import type { EventRecorder } from "../write/events.ts";
import { type StatusOutcome, writeStatus } from "../write/status.ts";
import { transitions } from "./transitions.ts";

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly informers: OperatorInformers["of"];
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly onRequest: (kind: string) => void;
}

type StatusObject = KubernetesObject & { readonly status?: Readonly<Record<string, unknown>> };

export class StatusWriter {
  readonly #options: StatusWriterOptions;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Resolves with the failures, mostly ApiErrors: the pass is to be repeated. */
  async write(plans: readonly StatusPlan[], signal: AbortSignal): Promise<readonly unknown[]> {
    return failuresOf(await concurrently(plans, (plan) => this.#writeOne(plan, signal)));
  }

  async #writeOne(plan: StatusPlan, signal: AbortSignal): Promise<StatusOutcome> {
    const { client, onRequest, clock } = this.#options;
    const cache = this.#cacheOf(plan.kind);
    const cached = cache.get(objectKey({ metadata: plan })) as StatusObject | undefined;
    if (cached === undefined || cache.type === undefined || cached.metadata.uid !== plan.uid) return "gone";
    const now = statusTime(clock.wallTime());
    const context = { controllerName: CONTROLLER_NAME, now };
    let before: StatusObject["status"];
    let after: StatusObject["status"];
    const next = (current: StatusObject) => {
      before = current.status;
      after = mergeStatus(plan, current.status, context);
      return after;
    };
    const outcome = await writeStatus(client, cache.type, cached, next, {
      signal,
      onRequest: () => onRequest(plan.kind),
    });
    if (outcome === "written") this.#tell(cached, plan, before, after);
    return outcome;
  }

  #tell(
    object: KubernetesObject,
    plan: StatusPlan,
    before: StatusObject["status"],
    after: StatusObject["status"],
  ): void {
    for (const { about, type, status, reason, message } of transitions(
      plan,
      conditionsOf(before),
      conditionsOf(after),
    )) {
      const good = status === "True";
      this.#options.events.record(object, {
        type: good ? "Normal" : "Warning",
        reason,
        message: `${type}: ${message}`,
        about,
      });
    }
  }

  #cacheOf(kind: StatusPlan["kind"]) {
    const { gatewayClasses, gateways, tlsRoutes } = this.#options.informers;
    switch (kind) {
      case "GatewayClass":
        return gatewayClasses;
      case "Gateway":
        return gateways;
      case "TLSRoute":
        return tlsRoutes;
    }
  }
}

/** Every condition of a status, by where it stands. */
function conditionsOf(status: StatusObject["status"]): ReadonlyMap<string, Condition> {
  const found = new Map<string, Condition>();
  const add = (where: string, list: unknown) => {
    for (const condition of (list ?? []) as readonly Condition[]) found.set(`${where}${condition.type}`, condition);
  };
  add("", status?.conditions);
  for (const parent of (status?.parents ?? []) as readonly {
    parentRef: object;
    controllerName: string;
    conditions?: unknown;
  }[]) {
    if (parent.controllerName === CONTROLLER_NAME) add(`${JSON.stringify(parent.parentRef)} `, parent.conditions);
  }
  return found;
}
