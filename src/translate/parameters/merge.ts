/**
 * The parameters of a class and those of a Gateway, as one (GEP-1867: "the Gateway's win"). Member by member within `service`, `pod`,
 * `logging` and `networkPolicy`; key by key in maps of texts; everything else as a whole, since halves of two lists make no list.
 */
import type { GatewayParametersSpec, PodParameters, ServiceParameters } from "../../gateway-api/gateway-parameters.ts";
import { fits, TYPED_MEMBERS } from "./combinations.ts";

export function mergeParameters(
  ofClass: GatewayParametersSpec,
  ofGateway: GatewayParametersSpec,
): GatewayParametersSpec {
  const { replicas, autoscaling, ...rest } = ofClass;
  // Whoever says how many there are says it alone.
  const isCounted = ofGateway.replicas !== undefined || ofGateway.autoscaling !== undefined;
  const counts = {
    ...(!isCounted && replicas !== undefined && { replicas }),
    ...(!isCounted && autoscaling !== undefined && { autoscaling }),
  };
  return {
    ...rest,
    ...counts,
    ...ofGateway,
    ...both(ofClass, ofGateway, "service", mergeService),
    ...both(ofClass, ofGateway, "pod", mergePod),
    ...both(ofClass, ofGateway, "logging", (a, b) => ({ ...a, ...b })),
    ...both(ofClass, ofGateway, "networkPolicy", (a, b) => ({ ...a, ...b })),
  };
}

/** A member that both have, as one; nothing where one of them has it. */
function both<K extends keyof GatewayParametersSpec>(
  ofClass: GatewayParametersSpec,
  ofGateway: GatewayParametersSpec,
  member: K,
  merge: (a: NonNullable<GatewayParametersSpec[K]>, b: NonNullable<GatewayParametersSpec[K]>) => object,
): object {
  const a = ofClass[member];
  const b = ofGateway[member];
  return a === undefined || b === undefined ? {} : { [member]: merge(a, b) };
}

/** What the class says for another type of Service than the Gateway wants does not count. */
function mergeService(ofClass: ServiceParameters, ofGateway: ServiceParameters): ServiceParameters {
  const merged = { ...ofClass, ...ofGateway, ...mergeMaps(ofClass, ofGateway, ["annotations", "labels"]) };
  const meaningless = TYPED_MEMBERS.filter((member) => ofGateway[member] === undefined && !fits(member, merged));
  return Object.fromEntries(Object.entries(merged).filter(([member]) => !meaningless.some((name) => name === member)));
}

function mergePod(ofClass: PodParameters, ofGateway: PodParameters): PodParameters {
  return { ...ofClass, ...ofGateway, ...mergeMaps(ofClass, ofGateway, ["annotations", "labels", "nodeSelector"]) };
}

function mergeMaps<K extends string>(
  ofClass: { readonly [key in K]?: Readonly<Record<string, string>> },
  ofGateway: { readonly [key in K]?: Readonly<Record<string, string>> },
  names: readonly K[],
): object {
  const entries = names.map((name): [K, object] => [name, { ...ofClass[name], ...ofGateway[name] }]);
  return Object.fromEntries(entries.filter(([, map]) => Object.keys(map).length > 0));
}
