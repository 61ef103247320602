/**
 * Whose turn it is: the backend of a route by weight, the endpoints of a backend in the order to try them.
 *
 * State that changes with connections, kept apart from the immutable table. No I/O; chance and time are given.
 */
import type { BackendResource, Endpoint, EndpointsResource, RouteResource } from "../../model/proxy-config.ts";
import { EndpointPool, type OnEjected } from "./endpoint-pool.ts";
import type { DialFeedback } from "./feedback.ts";

export interface EndpointOrder {
  /** At least one. */
  readonly endpoints: readonly Endpoint[];
  /** Absent: nobody wants to know how it went. */
  readonly feedback?: DialFeedback;
}

export class Balancer {
  readonly #random: () => number;
  /** Keyed by objects of the table: a route or Service that changed starts anew, what is gone is forgotten. */
  readonly #credits = new WeakMap<RouteResource, number[]>();
  readonly #turns = new WeakMap<EndpointsResource, number>();
  /** By name of the backend, for those about whose endpoints something is to be known: that outlives a change. */
  readonly #pools = new Map<string, EndpointPool>();

  readonly #onEjected: (backend: string, ...ejected: Parameters<OnEjected>) => void;

  /** `random`: in [0, 1), for where a round robin begins; else each change would favour the first endpoint. */
  constructor(
    random: () => number,
    onEjected: (backend: string, ...ejected: Parameters<OnEjected>) => void = () => {},
  ) {
    this.#random = random;
    this.#onEjected = onEjected;
  }

  /**
   * Position of the backend whose turn it is, −1 if none has a weight. Smooth weighted round robin, as in nginx: each backend
   * gains its weight in credit, the richest is taken and pays the sum. Exact in every run of `sum` connections and never bunched.
   */
  nextBackend(route: RouteResource): number {
    const { backends } = route;
    if (backends.length === 1) return backends[0]?.weight === 0 ? -1 : 0;
    const credits = this.#credits.get(route) ?? backends.map(() => 0);
    this.#credits.set(route, credits);
    let sum = 0;
    let chosen = -1;
    for (const [index, { weight }] of backends.entries()) {
      if (weight === 0) continue;
      sum += weight;
      credits[index] = (credits[index] ?? 0) + weight;
      if (chosen === -1 || (credits[index] ?? 0) > (credits[chosen] ?? 0)) chosen = index;
    }
    if (chosen !== -1) credits[chosen] = (credits[chosen] ?? 0) - sum;
    return chosen;
  }

  /**
   * `resource`: the endpoints of `backend`, at least one. `limit`: how many to give at most. What the request says is read only
   * where turns are not all.
   */
  order(
    backend: BackendResource,
    resource: EndpointsResource,
    request: { readonly client?: string; readonly nowMs?: number },
    limit: number,
  ): EndpointOrder {
    if (!isPooled(backend)) return { endpoints: this.#inTurn(resource, limit) };
    const pool = this.#pool(backend, resource);
    const { client, nowMs = 0 } = request;
    return { endpoints: pool.order({ client, nowMs, limit }), feedback: pool };
  }

  /** What a health check of `backend` has found. `resource`: its endpoints, at least one. */
  setHealthy(backend: BackendResource, resource: EndpointsResource, endpoint: Endpoint, isHealthy: boolean): void {
    this.#pool(backend, resource).setHealthy(endpoint, isHealthy);
  }

  /** Of the backends whose endpoints may be left out and that were used or checked yet. */
  health(nowMs: number): (ReturnType<EndpointPool["health"]> & { readonly backend: string })[] {
    return [...this.#pools].flatMap(([backend, pool]) => (pool.isWatched ? [{ backend, ...pool.health(nowMs) }] : []));
  }

  /** The backend is gone, or nothing is to be known of it any more. */
  forget(backend: string): void {
    this.#pools.delete(backend);
  }

  #pool(backend: BackendResource, resource: EndpointsResource): EndpointPool {
    const { name, traffic = {} } = backend;
    const known = this.#pools.get(name);
    if (known !== undefined) {
      known.update(resource, traffic);
      return known;
    }
    const pool = new EndpointPool(resource, traffic, this.#random, (...ejected) => this.#onEjected(name, ...ejected));
    this.#pools.set(name, pool);
    return pool;
  }

  /** The endpoints from the one whose turn it is. */
  #inTurn(resource: EndpointsResource, limit: number): readonly Endpoint[] {
    const { endpoints } = resource;
    const count = endpoints.length;
    if (count === 1) return endpoints;
    const first = this.#turns.get(resource) ?? Math.floor(this.#random() * count);
    this.#turns.set(resource, (first + 1) % count);
    return [...endpoints.slice(first, first + limit), ...endpoints.slice(0, Math.min(first, limit))].slice(0, limit);
  }
}

/** Is there more to it than turns? The common case costs nothing. */
function isPooled({ traffic }: BackendResource): boolean {
  if (traffic === undefined) return false;
  const { balance = "RoundRobin", ejection, healthCheck } = traffic;
  return balance !== "RoundRobin" || ejection !== undefined || healthCheck !== undefined;
}
