/**
 * What runs for a Gateway: a ServiceAccount, a ConfigMap with the operator's CA, a NetworkPolicy, a Service, a Deployment of proxies, a
 * disruption budget and, where GatewayParameters ask for it, an autoscaler, in the Gateway's own namespace and owned by it (GEP-1762).
 * Pure: a plan in, objects out, for server-side apply.
 *
 * The Deployment names no listener: ports and routes reach the proxies by the stream, so that no change of them is a rollout.
 * It sets `replicas` only where GatewayParameters do; else `kubectl scale` and autoscalers own that field.
 */
import { hash } from "node:crypto";
import type { GatewayParametersSpec } from "../gateway-api/gateway-parameters.ts";
import { POD_TEMPLATE_HASH_ANNOTATION } from "../model/identity.ts";
import type { GatewayPlan } from "../model/plan.ts";
import { autoscalers } from "./autoscaler.ts";
import { disruptionBudgets } from "./disruption-budget.ts";
import { type InfrastructureMetadata, metadataOf, selectorLabels } from "./metadata.ts";
import { networkPolicies } from "./network-policy.ts";
import { type ProxyPodOptions, proxyPod } from "./pod.ts";
import { service } from "./service.ts";

/** 64 bits: enough to distinguish the templates of one Gateway. */
const TEMPLATE_HASH_DIGITS = 16;

/** An object to apply: as much JSON as we own of it. */
export interface InfrastructureObject {
  readonly apiVersion: string;
  readonly kind:
    | "ServiceAccount"
    | "ConfigMap"
    | "NetworkPolicy"
    | "Service"
    | "Deployment"
    | "PodDisruptionBudget"
    | "HorizontalPodAutoscaler";
  readonly metadata: InfrastructureMetadata;
  readonly [field: string]: unknown;
}

export interface InfrastructureOptions extends ProxyPodOptions {
  /** PEM certificates by which proxies know the operator. */
  readonly caBundle: string;
}

/**
 * In the order in which they are to be applied: what a Pod needs comes before the Pods, and a port is open before the Service leads
 * to it. Where the parameters cannot be used, only what running proxies need to find the operator: the rest stays as it is.
 */
export function infrastructureOf(plan: GatewayPlan, options: InfrastructureOptions): readonly InfrastructureObject[] {
  const metadata = metadataOf(plan);
  const basis: readonly InfrastructureObject[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca.crt": options.caBundle } },
  ];
  const { parameters } = plan;
  if (parameters === undefined) return basis;
  return [
    ...basis,
    ...networkPolicies(plan, parameters),
    service(plan, parameters),
    deployment(plan, parameters, options),
    ...disruptionBudgets(plan, parameters),
    ...autoscalers(plan, parameters),
  ];
}

function deployment(
  plan: GatewayPlan,
  parameters: GatewayParametersSpec,
  options: ProxyPodOptions,
): InfrastructureObject {
  const { replicas, pod } = parameters;
  const template = proxyPod(plan, parameters, options);
  const metadata = metadataOf(plan);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [POD_TEMPLATE_HASH_ANNOTATION]: hashTemplate(template) },
    },
    spec: {
      ...(replicas !== undefined && { replicas }),
      ...(pod?.minReadySeconds !== undefined && { minReadySeconds: pod.minReadySeconds }),
      selector: { matchLabels: selectorLabels(plan) },
      // A proxy leaves only when its successor is Ready.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template,
    },
  };
}

/** The order of members matters: another order would change the hash and no Pod. */
function hashTemplate(template: object): string {
  return hash("sha256", JSON.stringify(template), "hex").slice(0, TEMPLATE_HASH_DIGITS);
}
