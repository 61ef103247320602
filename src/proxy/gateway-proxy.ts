/**
 * The data plane of one Gateway: put together from its rooms, and changed by configuration deltas.
 *
 * It validates, swaps the table atomically, binds and unbinds ports, and reports what serves. Where deltas come from and
 * reports go to is not its business.
 */

import type { Logger } from "../model/log.ts";
import type { ConfigDelta } from "../model/proxy-config.ts";
import type { ConfigRefusal, ListenerReport, ProxyReport } from "../model/proxy-report.ts";
import { resourceKey } from "../model/revision.ts";
import type { Clock } from "./clock.ts";
import type { ExternalHosts } from "./dns/external-hosts.ts";
import type { PortBinder } from "./listener/port-binder.ts";
import type { ProxyMetrics } from "./observe/metrics.ts";
import type { EndpointHealth } from "./observe/metrics-source.ts";
import type { ConnectionWish, EngineView } from "./observe/open-connection.ts";
import type { Planner } from "./planner.ts";
import type { DrainResult, Engine } from "./relay/engine.ts";
import { applyInSteps } from "./route/apply-delta.ts";
import { type ResourceVersions, type RouteTable, versionsOf } from "./route/route-table.ts";
import { inSlices } from "./slices.ts";

/** How soon a port that could not be bound is tried again: whoever held it may have gone. */
const BIND_RETRY_MS = 5_000;

/**
 * How long the report on a configuration waits for DNS to answer for hosts that are new in it: far longer than a name server
 * in reach takes. Nothing else waits: the table serves by then.
 */
const FIRST_ANSWER_MS = 500;

/** What the proxy has, as the operator must know it to send a delta. */
export interface ConfigState {
  /** Revision to which the next delta is applied; that of the empty configuration at the start. */
  readonly revision: string;
  readonly versions: ResourceVersions;
}

/** The rooms of a proxy; made by createProxy. */
export interface ProxyParts {
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: ProxyMetrics;
  readonly planner: Planner;
  readonly hosts: ExternalHosts;
  readonly engine: Engine;
  readonly ports: PortBinder;
  readonly endpointHealth: () => readonly EndpointHealth[];
  /** The table that connections are matched by; the proxy alone sets it. */
  readonly current: { table: RouteTable };
  /**
   * Called when `current` has become what `delta` led to. What it does at once holds from the next connection on; the steps that it
   * returns, in proportion to the delta, may be taken between connections.
   */
  readonly follow: (delta: ConfigDelta) => Iterator<void, void>;
  /** Called when no connection is accepted any more. Idempotent. */
  readonly stopped: () => void;
  /** Ends what `follow` has begun. Idempotent. */
  readonly close: () => void;
}

export class GatewayProxy {
  readonly #parts: ProxyParts;
  readonly #reportCalls = new Set<(report: ProxyReport) => void>();
  readonly #stopRetrying: () => void;
  #queue: Promise<unknown> = Promise.resolve();
  #isComplete = false;
  #isEnding = false;
  #refusal: ConfigRefusal | undefined;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
    this.#stopRetrying = parts.clock.every(BIND_RETRY_MS, () => void this.#retryPorts());
  }

  /** Has the first complete table been applied, and is the proxy not ending? */
  get ready(): boolean {
    return this.#isComplete && !this.#isEnding;
  }

  /** What connections are matched by. */
  get table(): RouteTable {
    return this.#parts.current.table;
  }

  /** What is open now. */
  look(wish: ConnectionWish): Promise<EngineView> {
    return this.#parts.engine.look(wish);
  }

  /** Of backends whose endpoints may be left out. */
  endpointHealth(): readonly EndpointHealth[] {
    return this.#parts.endpointHealth();
  }

  get activeConnections(): number {
    return this.#parts.engine.activeConnections;
  }

  /**
   * Applies a delta, or keeps the present table and reports the refusal. However large it is, connections are served meanwhile, by the
   * present table until the new one takes its place as a whole. Calls are served one after the other. Resolves when
   * the table serves and its ports are bound or known not to be; a failed port does not keep the others from serving.
   * Established connections are left alone, whatever is removed.
   */
  apply(delta: ConfigDelta): Promise<ProxyReport> {
    return this.#inTurn(async () => {
      await this.#apply(delta);
      return this.report();
    });
  }

  configState(): ConfigState {
    const { table } = this.#parts.current;
    return { revision: table.revision, versions: versionsOf(table) };
  }

  /** What serves now. A listener whose port is just being bound, or was closed because the proxy is ending, is left out: it did not fail. */
  report(): ProxyReport {
    const { current, hosts, ports } = this.#parts;
    const listeners = [...current.table.listeners.values()].flatMap(({ version, resource }): ListenerReport[] => {
      const state = ports.state(resource.port);
      return state === undefined ? [] : [{ key: resourceKey(resource), version, ...state }];
    });
    return {
      revision: this.#isComplete ? current.table.revision : "",
      listeners: listeners.sort((one, other) => (one.key < other.key ? -1 : 1)),
      unresolvedHosts: hosts.unresolved().sort((one, other) => (one.host < other.host ? -1 : 1)),
      ...(this.#refusal === undefined ? {} : { refusal: this.#refusal }),
    };
  }

  /** Calls back when the report has changed for another reason than `apply`: DNS, or a port that could be bound at last. */
  onReport(call: (report: ProxyReport) => void): () => void {
    this.#reportCalls.add(call);
    return () => this.#reportCalls.delete(call);
  }

  /** To be called when something that `report()` tells has changed. */
  notify(): void {
    // In turn, so that no report tells of a configuration half applied.
    void this.#inTurn(async () => {
      const report = this.report();
      for (const call of this.#reportCalls) call(report);
    });
  }

  /** Accepts no more, waits for the connections to end, cuts those that have not after `deadlineMs`. */
  async drain(deadlineMs: number): Promise<DrainResult> {
    const { engine, log } = this.#parts;
    await this.#stopAccepting();
    log.info("draining", { active: engine.activeConnections, deadlineMs });
    const result = await engine.drain(deadlineMs);
    log.info("drained", { ...result });
    return result;
  }

  /** Ends everything now. Idempotent. */
  async close(): Promise<void> {
    await this.#stopAccepting();
    this.#parts.hosts.close();
    await this.#parts.engine.close();
    // Last, for the sums of what the engine told at its end.
    this.#parts.close();
  }

  async #apply(delta: ConfigDelta): Promise<void> {
    const { clock, current, engine, log, metrics } = this.#parts;
    const now = () => clock.now();
    const before = current.table;
    const applied = await inSlices(applyInSteps(before, delta), now);
    if ("refused" in applied) {
      this.#refusal = applied.refused;
      metrics.configRefused(applied.refused.reason);
      log.error("configuration refused", { ...applied.refused, ...delta.cause });
      return;
    }
    this.#refusal = undefined;
    // The table first: from the moment a new port answers, what it leads to is known.
    current.table = applied.ok;
    if (applied.ok !== before) {
      await inSlices(this.#parts.follow(delta), now);
      await engine.apply?.(delta, applied.ok);
    }
    await this.#follow(before, applied.ok);
    this.#isComplete = true;
    if (applied.ok === before) return;
    metrics.configApplied();
    const { listeners, resources, revision } = applied.ok;
    const sizes = { listeners: listeners.size, resources: resources.size };
    log.info("configuration applied", { revision, ...delta.cause, ...sizes });
  }

  /** Brings ports, hosts and series in line with a new table, where it differs. */
  async #follow(before: RouteTable, after: RouteTable): Promise<void> {
    const { hosts, planner } = this.#parts;
    const hasNewTargets = after.externalTargets !== before.externalTargets;
    if (hasNewTargets) hosts.keep(planner.hostsToResolve(after.externalTargets.values()));
    if (after.listeners !== before.listeners && !this.#isEnding) await this.#followListeners(before, after);
    if (hasNewTargets) await hosts.answered(FIRST_ANSWER_MS);
  }

  async #followListeners(before: RouteTable, after: RouteTable): Promise<void> {
    const { metrics, ports } = this.#parts;
    const wanted = new Set([...after.listeners.values()].map(({ resource }) => resource.port));
    await ports.bind(wanted);
    await ports.unbindExcept(wanted);
    for (const [name] of before.listeners.entries()) if (!after.listeners.has(name)) metrics.forgetListener(name);
  }

  async #retryPorts(): Promise<void> {
    const { ports } = this.#parts;
    if (!ports.hasFailed) return;
    const hasChanged = await this.#inTurn(async () => !this.#isEnding && (await ports.retry()));
    if (hasChanged) this.notify();
  }

  async #stopAccepting(): Promise<void> {
    this.#isEnding = true;
    this.#stopRetrying();
    await this.#inTurn(() => this.#parts.ports.unbindExcept(new Set()));
    this.#parts.stopped();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(task);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}
