/**
 * The endpoints of one backend with what is known of each, and the order in which a connection tries them.
 *
 * Pure but for what it has been told: it dials nothing, and time is given. What it knows outlives a change of endpoints, since one Pod that comes
 * says nothing about the others.
 */
import type { Endpoint, EndpointsResource } from "../../model/proxy-config.ts";
import type { BackendTraffic, Ejection } from "../../model/traffic.ts";
import { parseIpAddress } from "../../net/ip-address.ts";
import {
  countFailure,
  countSuccess,
  type EndpointState,
  eject,
  endpointKey,
  isEjected,
  isUsable,
  newEndpointState,
} from "./endpoint-state.ts";
import type { DialFeedback } from "./feedback.ts";
import { hash32 } from "./hash.ts";
import { maglevTable } from "./maglev.ts";

export interface PoolRequest {
  /** IP address of the client, if it is known. */
  readonly client: string | undefined;
  readonly nowMs: number;
  /** How many endpoints to give at most. */
  readonly limit: number;
}

/** An endpoint is left out from now on, for so long. */
export type OnEjected = (endpoint: Endpoint, forMs: number) => void;

export class EndpointPool implements DialFeedback {
  #resource: EndpointsResource;
  #traffic: BackendTraffic;
  /** Those of the resource, in its order. */
  #members: readonly EndpointState[] = [];
  /** Those and any that have gone and have connections yet. */
  #states = new Map<string, EndpointState>();
  #turn: number;
  readonly #onEjected: OnEjected;
  #unhealthy = 0;
  /** By when all that are ejected will be back. */
  #lastEjectedUntilMs = Number.NEGATIVE_INFINITY;
  /** Made when the first connection needs it. */
  #slots: Int32Array | undefined;

  /** `resource` has at least one endpoint. `random`: in [0, 1), for where turns begin. */
  constructor(resource: EndpointsResource, traffic: BackendTraffic, random: () => number, onEjected: OnEjected) {
    this.#resource = resource;
    this.#traffic = traffic;
    this.#onEjected = onEjected;
    this.#turn = Math.floor(random() * resource.endpoints.length);
    this.#take(resource);
  }

  /** From now on these. Cheap when they are the same objects. */
  update(resource: EndpointsResource, traffic: BackendTraffic): void {
    this.#traffic = traffic;
    if (resource !== this.#resource) this.#take(resource);
    if (traffic.healthCheck !== undefined || this.#unhealthy === 0) return;
    for (const state of this.#states.values()) state.isHealthy = true;
    this.#count();
  }

  /**
   * Endpoints in the order to try them, at least one. One that is ejected or unhealthy is left out, unless all are: then they are tried all
   * the same, since a connection that may fail is better than one that must.
   */
  order({ client, nowMs, limit }: PoolRequest): Endpoint[] {
    const chosen = this.#choose(this.#candidates(nowMs), client, limit);
    return chosen.map(({ endpoint }) => endpoint);
  }

  /** Connections and attempts at each endpoint of the present resource, in its order. */
  get active(): readonly number[] {
    return this.#members.map(({ active }) => active);
  }

  /** How many of the present resource's endpoints are left out, and why. */
  health(nowMs: number): { readonly endpoints: number; readonly unhealthy: number; readonly ejected: number } {
    const ejected = this.#members.filter((state) => isEjected(state, nowMs)).length;
    return { endpoints: this.#members.length, unhealthy: this.#unhealthy, ejected };
  }

  /** Is there anything by which an endpoint could be left out? */
  get isWatched(): boolean {
    return this.#traffic.healthCheck !== undefined || this.#traffic.ejection !== undefined;
  }

  /** What a health check has found; nothing when the endpoint is not one of ours any more. */
  setHealthy(endpoint: Endpoint, isHealthy: boolean): void {
    const state = this.#states.get(endpointKey(endpoint));
    if (state === undefined || state.isHealthy === isHealthy) return;
    state.isHealthy = isHealthy;
    this.#count();
  }

  begun(endpoint: Endpoint): void {
    const key = endpointKey(endpoint);
    const state = this.#states.get(key) ?? newEndpointState(endpoint);
    this.#states.set(key, state);
    state.active++;
  }

  answered(endpoint: Endpoint, nowMs: number): void {
    const { ejection } = this.#traffic;
    const state = this.#states.get(endpointKey(endpoint));
    if (ejection !== undefined && state !== undefined) countSuccess(state, ejection, nowMs);
  }

  failed(endpoint: Endpoint, nowMs: number): void {
    const { ejection } = this.#traffic;
    const state = this.#states.get(endpointKey(endpoint));
    if (ejection === undefined || state === undefined) return;
    if (countFailure(state, ejection, nowMs) && this.#mayEject(nowMs)) this.#eject(state, ejection, nowMs);
  }

  ended(endpoint: Endpoint): void {
    const key = endpointKey(endpoint);
    const state = this.#states.get(key);
    if (state === undefined) return;
    state.active--;
    if (state.active === 0 && !this.#members.includes(state)) this.#states.delete(key);
  }

  #eject(state: EndpointState, ejection: Ejection, nowMs: number): void {
    if (!this.#members.includes(state)) return;
    eject(state, ejection, nowMs);
    this.#count();
    this.#onEjected(state.endpoint, Math.round(state.ejectedUntilMs - nowMs));
  }

  /** At most half, so that never all: when most fail, the fault is more likely common to them, or ours. */
  #mayEject(nowMs: number): boolean {
    const ejected = this.#members.filter((state) => isEjected(state, nowMs)).length;
    return ejected + 1 <= Math.floor(this.#members.length / 2);
  }

  #candidates(nowMs: number): readonly EndpointState[] {
    // The common case, in which nobody is left out, looks at nobody.
    if (this.#unhealthy === 0 && nowMs >= this.#lastEjectedUntilMs) return this.#members;
    const usable = this.#members.filter((state) => isUsable(state, nowMs));
    return usable.length === 0 ? this.#members : usable;
  }

  #choose(candidates: readonly EndpointState[], client: string | undefined, limit: number): EndpointState[] {
    const { balance = "RoundRobin" } = this.#traffic;
    const address = balance === "ConsistentHash" && client !== undefined ? parseIpAddress(client) : undefined;
    if (address !== undefined) return this.#byHash(candidates, hash32(address), limit);
    const count = candidates.length;
    const turn = this.#turn++ % count;
    const first = balance === "LeastConnections" ? leastActive(candidates, turn) : turn;
    const length = Math.min(count, limit);
    return Array.from({ length }, (_, step) => candidates[(first + step) % count] as EndpointState);
  }

  /** The endpoint of the client's slot, then those of the slots after it: for one client always in the same order. */
  #byHash(candidates: readonly EndpointState[], hash: number, limit: number): EndpointState[] {
    this.#slots ??= maglevTable(this.#members.map(({ endpoint }) => endpointKey(endpoint)));
    const slots = this.#slots;
    const isAllowed = candidates === this.#members ? () => true : inSet(candidates);
    const chosen: EndpointState[] = [];
    const wanted = Math.min(limit, candidates.length);
    for (let step = 0; step < slots.length && chosen.length < wanted; step++) {
      const state = this.#members[slots[(hash + step) % slots.length] ?? 0];
      if (state !== undefined && !chosen.includes(state) && isAllowed(state)) chosen.push(state);
    }
    return chosen;
  }

  #take(resource: EndpointsResource): void {
    const before = this.#states;
    this.#resource = resource;
    this.#slots = undefined;
    this.#states = new Map();
    for (const endpoint of resource.endpoints) {
      const key = endpointKey(endpoint);
      this.#states.set(key, before.get(key) ?? newEndpointState(endpoint));
    }
    this.#members = [...this.#states.values()];
    for (const [key, state] of before) if (state.active > 0) this.#states.set(key, state);
    this.#count();
  }

  #count(): void {
    this.#unhealthy = this.#members.filter(({ isHealthy }) => !isHealthy).length;
    this.#lastEjectedUntilMs = this.#members.reduce(
      (last, { ejectedUntilMs }) => Math.max(last, ejectedUntilMs),
      Number.NEGATIVE_INFINITY,
    );
  }
}

function inSet(candidates: readonly EndpointState[]): (state: EndpointState) => boolean {
  const set = new Set(candidates);
  return (state) => set.has(state);
}

/** Index of one with the fewest connections, the first from `start` on. */
function leastActive(candidates: readonly EndpointState[], start: number): number {
  let least = start;
  let fewest = Number.POSITIVE_INFINITY;
  for (let step = 0, index = start; step < candidates.length; step++, index++) {
    if (index === candidates.length) index = 0;
    const active = candidates[index]?.active ?? 0;
    if (active >= fewest) continue;
    least = index;
    fewest = active;
  }
  return least;
}
