/**
 * What is to run for each Gateway, as objects to apply: the same ones while nothing that they are made from has changed, so that whoever
 * applies them need not compare them again. Pure but for what it keeps.
 */
import { type InfrastructureObject, infrastructureOf } from "../../infra/infrastructure.ts";
import type { ProxyPodOptions } from "../../infra/pod.ts";
import type { GatewayPlan } from "../../model/plan.ts";
import { sameValue } from "../../translate/incremental/same.ts";

/** Routes and listeners reach the proxies by the stream: no object that is applied depends on them. */
type Basis = Omit<GatewayPlan, "config">;

interface Made {
  readonly basis: Basis;
  readonly caBundle: string;
  readonly objects: readonly InfrastructureObject[];
}

export class Provisions {
  readonly #pod: ProxyPodOptions;
  /** By Gateway. */
  #made: ReadonlyMap<string, Made> = new Map();

  constructor(pod: ProxyPodOptions) {
    this.#pod = pod;
  }

  /** `plans` are all there are, by Gateway; others are forgotten. */
  of(plans: ReadonlyMap<string, GatewayPlan>, caBundle: string): readonly InfrastructureObject[] {
    const before = this.#made;
    this.#made = new Map([...plans].map(([key, plan]) => [key, this.#keepOrMake(before.get(key), plan, caBundle)]));
    return [...this.#made.values()].flatMap(({ objects }) => objects);
  }

  #keepOrMake(before: Made | undefined, plan: GatewayPlan, caBundle: string): Made {
    const { config: _, ...basis } = plan;
    if (before?.caBundle === caBundle && sameValue(before.basis, basis)) return before;
    return { basis, caBundle, objects: infrastructureOf(plan, { ...this.#pod, caBundle }) };
  }
}
