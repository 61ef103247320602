/**
 * Delays changed Pod templates, so that only a limited number of Gateways roll out at a time (decide-rollouts.ts). A waiting Gateway
 * keeps its present template; its other changes are applied. The state is read from the Deployments, so that a new leader
 * continues it; only the order of waiting and the start times are kept in memory.
 */
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import type { InfrastructureObject } from "../../infra/infrastructure.ts";
import { POD_TEMPLATE_HASH_ANNOTATION } from "../../model/identity.ts";
import type { Logger } from "../../model/log.ts";
import type { RolloutWait } from "../../model/snapshot.ts";
import { sameValue } from "../../translate/incremental/same.ts";
import { findGateway, hasSameController } from "../write/ownership.ts";
import { decideRollouts, type ObservedRollout, type RolloutDecision, type RolloutState } from "./decide-rollouts.ts";
import { getProgressDeadlineMs, observeRollout, type RolloutDeployment } from "./observe-rollout.ts";
import { getMaxRolling, type RolloutLimit } from "./rollout-limit.ts";

/** Waiting Gateways report the name of a rollout that takes longer. Most are complete within seconds. */
const SLOW_ROLLOUT_MS = 120_000;

export interface RolloutPacerOptions {
  readonly limit: RolloutLimit;
  readonly deployments: { get(key: string): KubernetesObject | undefined };
  readonly nowMs: () => number;
  readonly log: Logger;
  /** Called when the result of `waits` has changed. */
  readonly onWaitsChanged: () => void;
}

export interface PacedObjects {
  readonly objects: readonly InfrastructureObject[];
  /** When the decision may change without any change of an object. */
  readonly recheckInMs?: number;
}

/** Current number of Gateways by state, for metrics. */
export interface RolloutCounts {
  readonly rolling: number;
  readonly stalled: number;
  readonly waiting: number;
}

/** A rollout that was allowed, until it is visible in the cache. */
interface StartedRollout {
  readonly hashBefore: string | undefined;
}

interface Candidate extends ObservedRollout {
  readonly wanted: InfrastructureObject;
  readonly live: RolloutDeployment | undefined;
  /** Remaining time for which the rollout counts. */
  readonly countsForMs?: number;
}

export class RolloutPacer {
  readonly #options: RolloutPacerOptions;
  readonly #started = new Map<string, StartedRollout>();
  /** When each rollout in progress was first seen. */
  readonly #rollingSinceMs = new Map<string, number>();
  /** Gateways ordered by the time at which they became outdated. */
  readonly #queue = new Set<string>();
  #rejected: ReadonlySet<string> = new Set();
  readonly #held = new WeakMap<
    InfrastructureObject,
    { readonly live: RolloutDeployment; readonly object: InfrastructureObject }
  >();
  #waits: ReadonlyMap<string, RolloutWait> = new Map();
  #stalled: ReadonlySet<string> = new Set();
  #counts: RolloutCounts = { rolling: 0, stalled: 0, waiting: 0 };

  constructor(options: RolloutPacerOptions) {
    this.#options = options;
  }

  /** The rollouts that each waiting Gateway waits for, by `namespace/name`. */
  get waits(): ReadonlyMap<string, RolloutWait> {
    return this.#waits;
  }

  get counts(): RolloutCounts {
    return this.#counts;
  }

  /** `objects` are all objects. Returns them in their order; waiting Deployments have the live template. */
  pace(objects: readonly InfrastructureObject[]): PacedObjects {
    const candidates = objects.filter(({ kind }) => kind === "Deployment").map((wanted) => this.#observe(wanted));
    this.#forgetOthers(new Set(candidates.map(({ gateway }) => gateway)));
    for (const { gateway, isOutdated } of candidates) {
      if (isOutdated) this.#queue.add(gateway);
      else this.#queue.delete(gateway);
    }
    const byGateway = new Map(candidates.map((candidate) => [candidate.gateway, candidate]));
    const settled = candidates.filter(({ isOutdated }) => !isOutdated);
    const queued = [...this.#queue].flatMap((gateway) => byGateway.get(gateway) ?? []);
    const limit = getMaxRolling(this.#options.limit, candidates.length);
    const decision = decideRollouts([...settled, ...queued], limit);
    this.#start(decision, byGateway);
    this.#report(decision, candidates, limit);
    const waiting = new Set(decision.waiting);
    const paced = new Map(
      candidates.flatMap(({ gateway, wanted, live }) =>
        live !== undefined && waiting.has(gateway) ? [[wanted, this.#hold(wanted, live)]] : [],
      ),
    );
    return {
      objects: paced.size === 0 ? objects : objects.map((object) => paced.get(object) ?? object),
      ...this.#recheck(decision, candidates),
    };
  }

  /** `gateways`: all Gateways whose Deployment the API server rejects now. */
  onRejected(gateways: ReadonlySet<string>): void {
    this.#rejected = gateways;
    for (const gateway of gateways) this.#started.delete(gateway);
  }

  /** Called when leadership is lost: another replica decides now. */
  clear(): void {
    this.#started.clear();
    this.#rollingSinceMs.clear();
    this.#queue.clear();
    this.#rejected = new Set();
    this.#waits = new Map();
    this.#stalled = new Set();
    this.#counts = { rolling: 0, stalled: 0, waiting: 0 };
  }

  #observe(wanted: InfrastructureObject): Candidate {
    const gateway = findGateway(wanted) ?? objectKey(wanted);
    const live = this.#findOwn(wanted);
    const liveHash = live && getTemplateHash(live);
    const isOutdated = live === undefined || liveHash !== getTemplateHash(wanted);
    const started = this.#started.get(gateway);
    if (started !== undefined && (!isOutdated || started.hashBefore !== liveHash)) this.#started.delete(gateway);
    const observed = this.#started.has(gateway) ? "rolling" : observeRollout(live);
    const common = { gateway, wanted, live, isOutdated, isRejected: this.#rejected.has(gateway) };
    if (observed !== "rolling" || live === undefined) {
      if (observed !== "stalled") this.#rollingSinceMs.delete(gateway);
      return { ...common, state: observed };
    }
    const nowMs = this.#options.nowMs();
    const sinceMs = this.#rollingSinceMs.get(gateway) ?? nowMs;
    this.#rollingSinceMs.set(gateway, sinceMs);
    // Also for a Deployment whose template changes so often that its own deadline never passes.
    const countsForMs = sinceMs + getProgressDeadlineMs(live) - nowMs;
    const state: RolloutState = countsForMs > 0 ? "rolling" : "stalled";
    return { ...common, state, ...(state === "rolling" && { countsForMs }) };
  }

  /** A Deployment of another controller under the same name is not applied, so that it must not occupy a slot. */
  #findOwn(wanted: InfrastructureObject): RolloutDeployment | undefined {
    const live = this.#options.deployments.get(objectKey(wanted));
    return live !== undefined && hasSameController(live, wanted) ? live : undefined;
  }

  #forgetOthers(gateways: ReadonlySet<string>): void {
    for (const known of [this.#started, this.#rollingSinceMs, this.#queue]) {
      for (const gateway of known.keys()) if (!gateways.has(gateway)) known.delete(gateway);
    }
  }

  #start({ allowed }: RolloutDecision, candidates: ReadonlyMap<string, Candidate>): void {
    for (const gateway of allowed) {
      const { live, state, isRejected } = candidates.get(gateway) ?? {};
      if (live === undefined || state !== "complete") continue;
      this.#started.set(gateway, { hashBefore: getTemplateHash(live) });
      this.#rollingSinceMs.set(gateway, this.#options.nowMs());
      if (!isRejected) this.#options.log.info("Rollout started", { gateway });
    }
  }

  #report({ counted, waiting }: RolloutDecision, candidates: readonly Candidate[], limit: number): void {
    const { log, onWaitsChanged } = this.#options;
    const stalled = new Set(candidates.filter(({ state }) => state === "stalled").map(({ gateway }) => gateway));
    for (const gateway of stalled) {
      if (!this.#stalled.has(gateway)) log.warn("Rollout stalled; it no longer counts towards the limit", { gateway });
    }
    this.#stalled = stalled;
    this.#counts = { rolling: counted.length, stalled: stalled.size, waiting: waiting.length };
    const slow = counted.filter((gateway) => this.#slowInMs(gateway) <= 0).toSorted();
    const waits = new Map(waiting.map((gateway): [string, RolloutWait] => [gateway, { limit, slow }]));
    if (sameValue([...this.#waits], [...waits])) return;
    this.#waits = waits;
    onWaitsChanged();
  }

  #slowInMs(gateway: string): number {
    const nowMs = this.#options.nowMs();
    return (this.#rollingSinceMs.get(gateway) ?? nowMs) + SLOW_ROLLOUT_MS - nowMs;
  }

  /** Only while a Gateway waits: otherwise nothing depends on the time. */
  #recheck({ waiting, counted }: RolloutDecision, candidates: readonly Candidate[]): { recheckInMs?: number } {
    if (waiting.length === 0) return {};
    const dueInMs = [
      ...counted.map((gateway) => this.#slowInMs(gateway)).filter((ms) => ms > 0),
      ...candidates.flatMap(({ countsForMs = [] }) => countsForMs),
    ];
    return dueInMs.length === 0 ? {} : { recheckInMs: Math.min(...dueInMs) };
  }

  /** Returns the same object while both are the same, so that the applier skips the comparison. */
  #hold(wanted: InfrastructureObject, live: RolloutDeployment): InfrastructureObject {
    const before = this.#held.get(wanted);
    if (before?.live === live) return before.object;
    const object = keepTemplate(wanted, live);
    this.#held.set(wanted, { live, object });
    return object;
  }
}

function getTemplateHash({ metadata }: Pick<KubernetesObject, "metadata">): string | undefined {
  return metadata.annotations?.[POD_TEMPLATE_HASH_ANNOTATION];
}

/** Returns the desired Deployment with the live template and its hash. */
function keepTemplate(wanted: InfrastructureObject, live: RolloutDeployment): InfrastructureObject {
  const { [POD_TEMPLATE_HASH_ANNOTATION]: _, ...annotations } = wanted.metadata.annotations ?? {};
  const hash = getTemplateHash(live);
  return {
    ...wanted,
    metadata: {
      ...wanted.metadata,
      annotations: { ...annotations, ...(hash !== undefined && { [POD_TEMPLATE_HASH_ANNOTATION]: hash }) },
    },
    spec: { ...(wanted.spec as object), template: live.spec?.template },
  };
}
