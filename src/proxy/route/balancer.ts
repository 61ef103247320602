/**
 * Whose turn it is: the backend of a route by weight, the endpoint of a Service in turn.
 *
 * The only state of this room, kept apart from the immutable table and keyed by its objects: a route or a Service that
 * changed starts anew, one that did not goes on where it was, and what is gone is forgotten. No I/O; chance is injected.
 */
import type { EndpointsResource, RouteResource, WeightedBackend } from "../../model/proxy-config.ts";

export class Balancer {
  readonly #random: () => number;
  readonly #credits = new WeakMap<RouteResource, number[]>();
  readonly #turns = new WeakMap<EndpointsResource, number>();

  /** `random`: in [0, 1), for where a round robin begins; else each change would favour the first endpoint. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Smooth weighted round robin, as in nginx: each backend gains its weight in credit, the richest is taken and pays the
   * sum. Exact in every run of `sum` connections and never bunched. Undefined: no backend has a weight.
   */
  nextBackend(route: RouteResource): WeightedBackend | undefined {
    const { backends } = route;
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
    if (chosen === -1) return undefined;
    credits[chosen] = (credits[chosen] ?? 0) - sum;
    return backends[chosen];
  }

  /** Index of the endpoint to try first, each in turn. `resource` has at least one endpoint. */
  nextEndpoint(resource: EndpointsResource): number {
    const count = resource.endpoints.length;
    const turn = this.#turns.get(resource) ?? Math.floor(this.#random() * count);
    this.#turns.set(resource, (turn + 1) % count);
    return turn;
  }
}
