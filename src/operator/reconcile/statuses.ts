/**
 * Writes the statuses of a plan, in an order in which nobody reads of a route that its Gateway does not know of, and tells
 * transitions as Events. Which entries are ours is the merge's business.
 */
import {
  type Condition,
  type KubernetesObject,
  objectKey,
  type PolicyAncestorStatus,
  type RouteParentStatus,
} from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import type { StatusPlan } from "../../model/plan.ts";
import { mergeStatus, statusTime } from "../../translate/status/merge.ts";
import type { Cache } from "../informer/informer.ts";
import type { KubeClient } from "../kube/client.ts";
import { concurrently, failuresOf } from "../write/concurrently.ts";
import type { EventRecorder } from "../write/events.ts";
import { type StatusOutcome, writeStatus } from "../write/status.ts";
import { transitions } from "./transitions.ts";

type StatusCache = Pick<Cache, "get" | "type">;

/** The kinds that have a status of ours. */
type StatusCaches = Readonly<
  Record<
    | "gatewayClasses"
    | "gatewayParameters"
    | "gateways"
    | "listenerSets"
    | "tlsRoutes"
    | "tcpRoutes"
    | "httpRoutes"
    | "backendTlsPolicies",
    StatusCache
  >
>;

export interface StatusWriterOptions {
  readonly client: Pick<KubeClient, "get" | "put">;
  readonly informers: StatusCaches;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly onRequest: (kind: string) => void;
}

type Status = Readonly<Record<string, unknown>> | undefined;
type StatusObject = KubernetesObject & { readonly status?: Exclude<Status, undefined> };

/** Smaller ones are written first: a class before its Gateways, and those before their routes. */
const RANK = {
  GatewayClass: 0,
  GatewayParameters: 0,
  Gateway: 1,
  ListenerSet: 1,
  TLSRoute: 2,
  TCPRoute: 2,
  HTTPRoute: 2,
  BackendTLSPolicy: 2,
} satisfies Readonly<Record<StatusPlan["kind"], number>>;
const RANKS = [0, 1, 2] as const;

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** The cached object for which a plan was last seen to be its status: while both are the same, there is nothing to merge. */
  readonly #done = new WeakMap<StatusPlan, KubernetesObject>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Resolves with the failures, mostly ApiErrors: the pass is to be repeated. */
  async write(plans: readonly StatusPlan[], signal: AbortSignal): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    for (const rank of RANKS) {
      const due = plans.filter((plan) => RANK[plan.kind] === rank && !this.#isDone(plan));
      failures.push(...failuresOf(await concurrently(due, (plan) => this.#writeOne(plan, signal))));
    }
    return failures;
  }

  #isDone(plan: StatusPlan): boolean {
    const done = this.#done.get(plan);
    return done !== undefined && done === this.#cacheOf(plan.kind).get(objectKey({ metadata: plan }));
  }

  async #writeOne(plan: StatusPlan, signal: AbortSignal): Promise<StatusOutcome> {
    const { client, onRequest, clock } = this.#options;
    const cache = this.#cacheOf(plan.kind);
    const cached: StatusObject | undefined = cache.get(objectKey({ metadata: plan }));
    if (cached === undefined || cache.type === undefined || cached.metadata.uid !== plan.uid) return "gone";
    const context = { controllerName: CONTROLLER_NAME, now: statusTime(clock.wallTime()) };
    let before: Status;
    let after: Status;
    const next = (current: StatusObject) => {
      before = current.status;
      after = mergeStatus(plan, current.status, context);
      return after;
    };
    const sent = { signal, onRequest: () => onRequest(plan.kind) };
    const outcome = await writeStatus(client, cache.type, cached, next, sent);
    if (outcome === "gone") return outcome;
    this.#done.set(plan, cached);
    if (outcome === "written") this.#tell(cached, plan, before, after);
    this.#tellFull(cached, plan, after);
    return outcome;
  }

  #tell(object: KubernetesObject, plan: StatusPlan, before: Status, after: Status): void {
    const changed = transitions(plan, conditionsOf(before), conditionsOf(after));
    for (const { about, type, status, reason, message } of changed) {
      const good = status === "True";
      this.#options.events.record(object, {
        type: good ? "Normal" : "Warning",
        reason,
        message: `${type}: ${message}`,
        about,
      });
    }
  }

  /** What has no place in the status must be said elsewhere. */
  #tellFull(object: KubernetesObject, plan: StatusPlan, status: Status): void {
    const wanted = "parents" in plan ? plan.parents : "ancestors" in plan ? plan.ancestors : [];
    const missing = wanted.length - ownEntries(status).length;
    if (missing <= 0) return;
    const message = `The status is full of other controllers' entries: ${missing} of ours could not be written`;
    this.#options.events.record(object, { type: "Warning", reason: "StatusFull", message, about: "status" });
  }

  #cacheOf(kind: StatusPlan["kind"]): StatusCache {
    const { informers } = this.#options;
    switch (kind) {
      case "GatewayClass":
        return informers.gatewayClasses;
      case "GatewayParameters":
        return informers.gatewayParameters;
      case "Gateway":
        return informers.gateways;
      case "ListenerSet":
        return informers.listenerSets;
      case "TLSRoute":
        return informers.tlsRoutes;
      case "TCPRoute":
        return informers.tcpRoutes;
      case "HTTPRoute":
        return informers.httpRoutes;
      case "BackendTLSPolicy":
        return informers.backendTlsPolicies;
    }
  }
}

/** Every condition of a status that may be ours, by where it stands. */
function conditionsOf(status: Status): ReadonlyMap<string, Condition> {
  const found = new Map<string, Condition>();
  const add = (where: string, conditions: readonly Condition[] = []) => {
    for (const condition of conditions) found.set(`${where}${condition.type}`, condition);
  };
  add("", status?.conditions as readonly Condition[] | undefined);
  for (const entry of ownEntries(status)) {
    const ref = "parentRef" in entry ? entry.parentRef : entry.ancestorRef;
    add(`${JSON.stringify(ref)} `, entry.conditions);
  }
  return found;
}

/** Our entries of a route's parents or a policy's ancestors. */
function ownEntries(status: Status): readonly (RouteParentStatus | PolicyAncestorStatus)[] {
  const { parents = [], ancestors = [] } = (status ?? {}) as {
    readonly parents?: readonly RouteParentStatus[];
    readonly ancestors?: readonly PolicyAncestorStatus[];
  };
  return [...parents, ...ancestors].filter((entry) => entry.controllerName === CONTROLLER_NAME);
}
