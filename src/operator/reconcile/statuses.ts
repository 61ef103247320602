/**
 * Writes the statuses of a plan, in an order in which nobody reads of a route that its Gateway does not know of, and tells
 * transitions as Events. Which entries are ours is the merge's business.
 */
import { isDeepStrictEqual } from "node:util";
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import { DEFAULT_INSTALLATION, type Installation } from "../../model/identity.ts";
import type { StatusPlan } from "../../model/plan.ts";
import { mergeStatus, statusTime } from "../../translate/status/merge.ts";
import type { Cache } from "../informer/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import type { RefusedWrite } from "../write/apply-report.ts";
import { concurrently, failuresOf } from "../write/concurrently.ts";
import type { EventRecorder } from "../write/events.ts";
import { NamespaceTurns } from "../write/namespace-turns.ts";
import { ObjectBackoff } from "../write/object-backoff.ts";
import type { Write, WriteOutcome } from "../write/outcome.ts";
import { isRefusal } from "../write/refusal.ts";
import { type StatusOutcome, writeStatus } from "../write/status.ts";
import { recordFullStatus, recordTransitions } from "./status-events.ts";
import { type Status, withoutCounts } from "./status-parts.ts";

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
  readonly installation?: Installation;
  readonly client: Pick<KubeClient, "get" | "put">;
  readonly informers: StatusCaches;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  /** Called for each status that the API server rejected because of its content; for the log. */
  readonly onRefused?: (refused: RefusedWrite) => void;
  /** Told of each write that was answered; for metrics and the log. */
  readonly onWrite: (write: Write) => void;
}

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
/** The rank of those that count routes. */
const OWNERS = 1;
/** So long one go begins new writes, in ms: then Gateways are looked at again before more routes, however slow the API server is. */
const GO_MS = 250;
/**
 * Maximum number of status writes in flight. An API server on a busy machine divides its time among its clients' requests: with fewer,
 * statuses fall behind while many routes are created. Below the sockets of the connection pool, so that other requests never queue.
 */
const STATUS_WRITE_CONCURRENCY = 16;
/** `attachedRoutes` alone is written no more often than this: who attaches a thousand routes need not see each number. */
const COUNTS_MS = 200;

export interface StatusReport {
  /** Failures to reach the API server, mostly ApiErrors: the cluster sync must be retried. */
  readonly failures: readonly unknown[];
  /** Called for a status that this round does not write, with the time until it is due, in ms. */
  readonly leftForMs?: number;
}

interface StartOptions {
  readonly nowMs: number;
  readonly stopAtMs: number;
  /** Something is left, and is due in so many ms. */
  readonly onLeft: (inMs: number) => void;
}

/** What was last written for an owner of listeners. */
interface Counted {
  readonly plan: StatusPlan;
  readonly atMs: number;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #installation: Installation;
  /** The cached object for which a plan was last seen to be its status: while both are the same, there is nothing to merge. */
  readonly #done = new WeakMap<StatusPlan, KubernetesObject>();
  /** What a write made of a cached object: newer than the cache until the watch has brought it. */
  readonly #written = new WeakMap<KubernetesObject, StatusObject>();
  /** The version of the object to which a write for this plan led. */
  readonly #writtenVersion = new WeakMap<StatusPlan, string>();
  /** By rank. */
  readonly #turns = RANKS.map(() => new NamespaceTurns());
  readonly #counted = new Map<string, Counted>();
  #plans: readonly StatusPlan[] = [];
  readonly #byTarget = new Map<string, StatusPlan>();
  /** Targets whose plan or object is another than when they were last looked at. */
  readonly #due = new Set<string>();

  /** Statuses that the API server rejects, or whose writes other writers prevent. */
  readonly #backoff: ObjectBackoff<undefined>;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#installation = options.installation ?? DEFAULT_INSTALLATION;
    this.#backoff = new ObjectBackoff(options);
  }

  /** Number of objects in backoff after a rejected write. */
  get waiting(): number {
    return this.#backoff.size;
  }

  /** To be called for every object that was added, changed or removed, with the key under which the caches have it. */
  touched(kind: string, key: string): void {
    const target = `${kind} ${key}`;
    const plan = this.#byTarget.get(target);
    if (plan === undefined) return;
    const version = this.#writtenVersion.get(plan);
    const cached = version === undefined ? undefined : this.#cacheOf(plan.kind).get(key);
    // The watch returns what was written: there is nothing to compare.
    if (cached !== undefined && cached.metadata.resourceVersion === version) this.#done.set(plan, cached);
    else this.#due.add(target);
  }

  /**
   * `plans` are all there are. Writes what of them is due, but of what comes last only so much that what comes first does not
   * wait for long: the rest is left. Namespaces take turns.
   */
  async write(plans: readonly StatusPlan[], signal: AbortSignal): Promise<StatusReport> {
    this.#take(plans);
    const due = this.#collect();
    const nowMs = this.#options.clock.nowMs();
    const failures: unknown[] = [];
    const waitsMs: number[] = [];
    for (const rank of RANKS) {
      const ofRank = due.filter((plan) => RANK[plan.kind] === rank);
      // From here on: a slow write of a Gateway must not use up the time of the routes.
      const stopAtMs = rank === RANKS[0] ? Number.POSITIVE_INFINITY : this.#options.clock.nowMs() + GO_MS;
      const outcomes = await concurrently(
        this.#startable(this.#turns[rank]?.order(ofRank) ?? [], {
          nowMs,
          stopAtMs,
          onLeft: (inMs) => waitsMs.push(inMs),
        }),
        async (plan) => {
          const backoffMs = await this.#writeOrBackOff(plan, signal);
          this.#settle(plan);
          if (backoffMs > 0) waitsMs.push(backoffMs);
        },
        STATUS_WRITE_CONCURRENCY,
      );
      failures.push(...failuresOf(outcomes));
    }
    const leftForMs = waitsMs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    return { failures, ...(waitsMs.length > 0 && { leftForMs }) };
  }

  /** Yields the plans whose writes may start. Reads the clock before each of them, and stops at `stopAtMs`. */
  *#startable(plans: Iterable<StatusPlan>, { nowMs, stopAtMs, onLeft }: StartOptions): Generator<StatusPlan> {
    for (const plan of plans) {
      if (this.#options.clock.nowMs() >= stopAtMs) return onLeft(0);
      const waitMs = this.#waitMs(plan, nowMs);
      if (waitMs > 0) onLeft(waitMs);
      else yield plan;
    }
  }

  /** Compares by place: what did not change stands where it stood, but after one that was removed. */
  #take(plans: readonly StatusPlan[]): void {
    const before = this.#plans;
    if (plans === before) return;
    this.#plans = plans;
    for (let place = 0; place < plans.length; place++) {
      const plan = plans[place] as StatusPlan;
      if (plan === before[place]) continue;
      const target = targetOf(plan);
      if (this.#byTarget.get(target) === plan) continue;
      this.#byTarget.set(target, plan);
      this.#due.add(target);
    }
    if (this.#byTarget.size === plans.length) return;
    const kept = new Set(plans);
    for (const [target, plan] of this.#byTarget) {
      if (kept.has(plan)) continue;
      this.#byTarget.delete(target);
      this.#counted.delete(target);
      this.#backoff.reset(target);
      this.#due.delete(target);
    }
  }

  #collect(): readonly StatusPlan[] {
    const due: StatusPlan[] = [];
    for (const target of this.#due) {
      const plan = this.#byTarget.get(target);
      if (plan === undefined || this.#isDone(plan)) this.#due.delete(target);
      else due.push(plan);
    }
    return due;
  }

  /** It was looked at, and nothing is left to do unless its plan or object has changed since. */
  #settle(plan: StatusPlan): void {
    const target = targetOf(plan);
    const cached = this.#cacheOf(plan.kind).get(objectKey({ metadata: plan }));
    if (this.#byTarget.get(target) === plan && (this.#isDone(plan) || cached?.metadata.uid !== plan.uid))
      this.#due.delete(target);
  }

  #isDone(plan: StatusPlan): boolean {
    const done = this.#done.get(plan);
    return done !== undefined && done === this.#cacheOf(plan.kind).get(objectKey({ metadata: plan }));
  }

  #waitMs(plan: StatusPlan, nowMs: number): number {
    const backoff = this.#backoff.find(targetOf(plan), this.#basisOf(plan));
    return backoff !== undefined && backoff.waitMs > 0 ? backoff.waitMs : this.#countsWaitMs(plan, nowMs);
  }

  /** Returns the delay of a status whose only change is the number of routes. */
  #countsWaitMs(plan: StatusPlan, nowMs: number): number {
    const last = this.#counted.get(targetOf(plan));
    if (last === undefined || last.plan === plan) return 0;
    const waitMs = last.atMs + COUNTS_MS - nowMs;
    return waitMs > 0 && isDeepStrictEqual(withoutCounts(last.plan), withoutCounts(plan)) ? waitMs : 0;
  }

  /** The dependencies of a rejected write. Another object's status, or its own, is not a reason to retry. */
  #basisOf(plan: StatusPlan): readonly unknown[] {
    const { uid, generation } = this.#cacheOf(plan.kind).get(objectKey({ metadata: plan }))?.metadata ?? {};
    return [plan, uid, generation];
  }

  /** Returns the wait before the retry, in milliseconds; 0 if the status is written. @throws failures to reach the API server. */
  async #writeOrBackOff(plan: StatusPlan, signal: AbortSignal): Promise<number> {
    const target = targetOf(plan);
    try {
      await this.#writeOne(plan, signal);
      this.#backoff.reset(target);
      return 0;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const { failures, waitMs } = this.#backoff.onFailed(target, this.#basisOf(plan), undefined);
      const object = this.#cacheOf(plan.kind).get(objectKey({ metadata: plan }));
      const message = error.answer ?? error.message;
      if (object !== undefined) this.#options.onRefused?.({ object, message, failures, waitMs });
      return waitMs;
    }
  }

  async #writeOne(plan: StatusPlan, signal: AbortSignal): Promise<StatusOutcome> {
    const { client, onWrite, clock, events } = this.#options;
    const cache = this.#cacheOf(plan.kind);
    const cached: StatusObject | undefined = cache.get(objectKey({ metadata: plan }));
    if (cached === undefined || cache.type === undefined || cached.metadata.uid !== plan.uid) return "gone";
    const { controllerName, name: fieldManager } = this.#installation;
    const context = { controllerName, now: statusTime(clock.wallTime()) };
    let before: Status;
    let after: Status;
    const next = (current: StatusObject) => {
      before = current.status;
      after = mergeStatus(plan, current.status, context);
      return after;
    };
    const told = { verb: "status", kind: plan.kind, object: objectKey({ metadata: plan }) } as const;
    const onOutcome = (outcome: WriteOutcome) => onWrite({ ...told, outcome });
    const onWritten = (object: StatusObject) => {
      this.#written.set(cached, object);
      const { resourceVersion } = object.metadata;
      if (resourceVersion !== undefined) this.#writtenVersion.set(plan, resourceVersion);
    };
    const sent = { signal, onOutcome, onWritten, fieldManager };
    const outcome = await writeStatus(client, cache.type, this.#written.get(cached) ?? cached, next, sent);
    if (outcome === "gone") return outcome;
    this.#done.set(plan, cached);
    if (outcome === "written") {
      if (RANK[plan.kind] === OWNERS) this.#counted.set(targetOf(plan), { plan, atMs: clock.nowMs() });
      recordTransitions(events, cached, { plan, before, after, controllerName });
    }
    recordFullStatus(events, cached, { plan, after, controllerName });
    return outcome;
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

function targetOf(plan: StatusPlan): string {
  return `${plan.kind} ${objectKey({ metadata: plan })}`;
}
