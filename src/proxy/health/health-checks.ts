/**
 * Asks the endpoints of backends that want it, again and again, and tells the balancer which are fit.
 *
 * It follows the table and never delays a connection: an endpoint is used until it is known to be unfit.
 */
import type { Logger } from "../../model/log.ts";
import type { BackendResource, ConfigDelta, Endpoint, EndpointsResource } from "../../model/proxy-config.ts";
import type { HealthCheck } from "../../model/traffic.ts";
import type { Balancer } from "../balance/balancer.ts";
import { endpointKey } from "../balance/endpoint-state.ts";
import type { Clock } from "../clock.ts";
import { writeProxyHeader } from "../proxy-protocol/write.ts";
import { formatAddress } from "../relay/engine.ts";
import type { Connect } from "../relay/socket-options.ts";
import { findBackend, findEndpoints, type RouteTable } from "../route/route-table.ts";
import { type Probe, probe } from "./probe.ts";
import { nextVerdict, PRESUMED_HEALTHY, type Verdict } from "./verdict.ts";

/** Each check holds a descriptor, and those that are kept for other uses than connections are few (see connection-limit.ts). */
const MOST_AT_A_TIME = 32;

export interface HealthChecksOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly balancer: Pick<Balancer, "setHealthy" | "forget">;
  readonly connect: Connect;
}

/** What is under way for one endpoint. */
interface Watch {
  readonly endpoint: Endpoint;
  verdict: Verdict;
  isEnded: boolean;
  /** Ends what is under way. */
  cancel: () => void;
}

interface Checked {
  readonly backend: BackendResource;
  readonly check: HealthCheck;
  resource: EndpointsResource;
  readonly watches: Map<string, Watch>;
}

export class HealthChecks {
  readonly #options: HealthChecksOptions;
  /** By name of the backend. */
  readonly #checked = new Map<string, Checked>();
  #running = 0;
  readonly #waiting: { readonly checked: Checked; readonly watch: Watch }[] = [];

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  /** `table`: what `delta` led to. Takes time in proportion to the delta and the backends that are checked, in small steps. */
  *follow(table: RouteTable, { upserts, removals }: ConfigDelta): Generator<void, void> {
    for (const key of removals) {
      yield;
      if (key.startsWith(BACKEND_PREFIX)) this.#drop(key.slice(BACKEND_PREFIX.length));
    }
    const changed = new Set<string>();
    for (const { resource } of upserts.values()) {
      yield;
      if (resource.kind === "backend") this.#begin(table, resource);
      else if (resource.kind === "endpoints") changed.add(resource.name);
    }
    if (changed.size === 0) return;
    for (const checked of this.#checked.values()) {
      yield;
      const resource = changed.has(checked.resource.name) ? findEndpoints(table, checked.resource.name) : undefined;
      if (resource !== undefined) this.#watch(checked, resource);
    }
  }

  close(): void {
    for (const name of [...this.#checked.keys()]) this.#drop(name);
  }

  /** A backend that is as it was goes on as it was. */
  #begin(table: RouteTable, { name }: BackendResource): void {
    const backend = findBackend(table, name);
    if (backend === undefined || this.#checked.get(name)?.backend === backend) return;
    this.#stop(name);
    const { target, traffic } = backend;
    if (traffic === undefined) this.#options.balancer.forget(name);
    const check = traffic?.healthCheck;
    const resource = target.type === "endpoints" ? findEndpoints(table, target.endpoints) : undefined;
    if (check === undefined || resource === undefined) return;
    const checked: Checked = { backend, check, resource, watches: new Map() };
    this.#checked.set(name, checked);
    this.#watch(checked, resource);
  }

  #drop(name: string): void {
    this.#stop(name);
    this.#options.balancer.forget(name);
  }

  #stop(name: string): void {
    for (const watch of this.#checked.get(name)?.watches.values() ?? []) end(watch);
    this.#checked.delete(name);
  }

  #watch(checked: Checked, resource: EndpointsResource): void {
    const { watches } = checked;
    checked.resource = resource;
    const wanted = new Map(resource.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
    for (const [key, watch] of watches) {
      if (wanted.has(key)) continue;
      end(watch);
      watches.delete(key);
    }
    for (const [key, endpoint] of wanted) {
      if (watches.has(key)) continue;
      const watch: Watch = { endpoint, verdict: PRESUMED_HEALTHY, isEnded: false, cancel: () => {} };
      watches.set(key, watch);
      this.#options.balancer.setHealthy(checked.backend, resource, endpoint, true);
      this.#askInTurn(checked, watch);
    }
  }

  #askInTurn(checked: Checked, watch: Watch): void {
    if (this.#running < MOST_AT_A_TIME) this.#ask(checked, watch);
    else this.#waiting.push({ checked, watch });
  }

  #done(): void {
    this.#running--;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.watch.isEnded) continue;
      this.#ask(next.checked, next.watch);
      return;
    }
  }

  #ask(checked: Checked, watch: Watch): void {
    this.#running++;
    const { clock, connect } = this.#options;
    const { backend, check } = checked;
    const version = backend.traffic?.proxyProtocol?.version;
    const prologue = version === undefined ? {} : { prologue: writeProxyHeader({ version }) };
    const asked: Probe = probe(watch.endpoint, { check, connect, clock, ...prologue });
    watch.cancel = asked.cancel;
    void asked.result.then((result) => {
      this.#done();
      if (watch.isEnded) return;
      if (result !== "unknown") this.#judge(checked, watch, result.passed ? undefined : result.problem);
      watch.cancel = clock.after(check.intervalMs, () => this.#askInTurn(checked, watch));
    });
  }

  #judge({ backend, check, resource }: Checked, watch: Watch, problem: string | undefined): void {
    const before = watch.verdict;
    watch.verdict = nextVerdict(before, problem === undefined, check);
    const { isHealthy } = watch.verdict;
    if (isHealthy === before.isHealthy) return;
    const { endpoint } = watch;
    this.#options.balancer.setHealthy(backend, resource, endpoint, isHealthy);
    const fields = { backend: backend.name, endpoint: formatAddress(endpoint.address, endpoint.port) };
    if (isHealthy) this.#options.log.info("endpoint is healthy again", fields);
    else this.#options.log.warn("endpoint is unhealthy", { ...fields, problem });
  }
}

function end(watch: Watch): void {
  watch.isEnded = true;
  watch.cancel();
}

const BACKEND_PREFIX = "backend:";
