/**
 * Members of GatewayParameters that exclude each other. In a cluster the definition's rules refuse them in one object; these are for
 * what two objects make together, for objects that are older than a rule, and for files.
 */
import type { GatewayParametersSpec, ServiceParameters, ServiceType } from "../../gateway-api/gateway-parameters.ts";
import { findPatchProblem } from "./pod-patch.ts";

const LOAD_BALANCER: readonly ServiceType[] = ["LoadBalancer"];
const OUTSIDE: readonly ServiceType[] = ["LoadBalancer", "NodePort"];

/** The types of a Service of which a member can be said. */
const TYPES = {
  loadBalancerClass: LOAD_BALANCER,
  loadBalancerSourceRanges: LOAD_BALANCER,
  allocateLoadBalancerNodePorts: LOAD_BALANCER,
  healthCheckNodePort: LOAD_BALANCER,
  externalTrafficPolicy: OUTSIDE,
  nodePorts: OUTSIDE,
} as const satisfies Partial<Record<keyof ServiceParameters, readonly ServiceType[]>>;

export type TypedMember = keyof typeof TYPES;
export const TYPED_MEMBERS = Object.keys(TYPES) as readonly TypedMember[];

/** What is wrong, with the field and the mend; undefined: nothing. */
export function combinationProblem(spec: GatewayParametersSpec): string | undefined {
  const { autoscaling, disruptionBudget, pod, replicas, service } = spec;
  if (replicas !== undefined && autoscaling !== undefined) {
    return "spec.replicas and spec.autoscaling exclude each other: remove replicas, since the autoscaler sets them";
  }
  if (autoscaling?.minReplicas !== undefined && autoscaling.minReplicas > autoscaling.maxReplicas) {
    return "spec.autoscaling.minReplicas is greater than maxReplicas: lower it, or raise maxReplicas";
  }
  if (disruptionBudget?.minAvailable !== undefined && disruptionBudget.maxUnavailable !== undefined) {
    return "spec.disruptionBudget: minAvailable and maxUnavailable exclude each other: keep one of them";
  }
  const ofService = service && serviceProblem(service);
  return ofService ?? (pod?.patch && findPatchProblem(pod.patch));
}

function serviceProblem(service: ServiceParameters): string | undefined {
  const wrong = TYPED_MEMBERS.find((member) => service[member] !== undefined && !fits(member, service));
  if (wrong === undefined) return undefined;
  const { type = "LoadBalancer" } = service;
  if (!TYPES[wrong].includes(type)) {
    return `spec.service.${wrong} cannot be said of type ${type}: remove it, or set type ${TYPES[wrong].join(" or ")}`;
  }
  return "spec.service.healthCheckNodePort is for externalTrafficPolicy Local: remove it, or set that policy";
}

/** Can this member be said beside the others? */
export function fits(member: TypedMember, service: ServiceParameters): boolean {
  if (!TYPES[member].includes(service.type ?? "LoadBalancer")) return false;
  return member !== "healthCheckNodePort" || service.externalTrafficPolicy === "Local";
}
