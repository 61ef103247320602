/**
 * What runs for a Gateway: a ServiceAccount, a ConfigMap with the operator's CA, a LoadBalancer Service and a Deployment of
 * proxies, in the Gateway's own namespace and owned by it (GEP-1762). Pure: a plan in, objects out, for server-side apply.
 *
 * The Deployment names no listener: ports and routes reach the proxies by the stream, so that no change of them is a rollout.
 * It does not set `replicas` either, so that `kubectl scale` and an autoscaler own that field.
 */
import {
  APP_LABEL,
  APP_LABEL_VALUE,
  FIELD_MANAGER,
  GATEWAY_CLASS_NAME_LABEL,
  GATEWAY_NAME_LABEL,
  MANAGED_BY_LABEL,
} from "../model/identity.ts";
import type { GatewayPlan } from "../model/plan.ts";
import { childName, labelValue, portName } from "./names.ts";
import { type ProxyPodOptions, proxyPod } from "./pod.ts";

/** An object to apply: as much JSON as we own of it. */
export interface InfrastructureObject {
  readonly apiVersion: string;
  readonly kind: "ServiceAccount" | "ConfigMap" | "Service" | "Deployment";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly object[];
  };
  readonly [field: string]: unknown;
}

export interface InfrastructureOptions extends ProxyPodOptions {
  /** PEM certificates by which proxies know the operator. */
  readonly caBundle: string;
}

/** In the order in which they are to be applied: what a Pod needs comes before the Pods. */
export function infrastructureOf(plan: GatewayPlan, options: InfrastructureOptions): readonly InfrastructureObject[] {
  const selector = selectorLabels(plan.name);
  const metadata = commonMetadata(plan, selector);
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca.crt": options.caBundle } },
    service(plan, metadata, selector),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector: { matchLabels: selector },
        // A proxy leaves only when its successor is Ready.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: proxyPod(plan, options, selector),
      },
    },
  ];
}

/** Labels that find the Service, the Pods and the EndpointSlices of a Gateway. */
function selectorLabels(gatewayName: string): Readonly<Record<string, string>> {
  return { [APP_LABEL]: APP_LABEL_VALUE, [GATEWAY_NAME_LABEL]: labelValue(gatewayName) };
}

function commonMetadata(plan: GatewayPlan, selector: Readonly<Record<string, string>>) {
  return {
    name: childName(plan.name),
    namespace: plan.namespace,
    // Ours come last: `spec.infrastructure` must not take an object away from us.
    labels: {
      ...plan.labels,
      [MANAGED_BY_LABEL]: FIELD_MANAGER,
      [GATEWAY_CLASS_NAME_LABEL]: labelValue(plan.gatewayClassName),
      ...selector,
    },
    ...(Object.keys(plan.annotations).length > 0 && { annotations: plan.annotations }),
    ownerReferences: [
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "Gateway",
        name: plan.name,
        uid: plan.uid,
        controller: true,
        blockOwnerDeletion: false,
      },
    ],
  };
}

function service(
  plan: GatewayPlan,
  metadata: InfrastructureObject["metadata"],
  selector: Readonly<Record<string, string>>,
): InfrastructureObject {
  const ports = plan.ports.map(({ name, port }) => ({
    name: portName(name),
    port,
    // The proxies bind the very port: a Pod may do so below 1024 too (see pod.ts).
    targetPort: port,
    protocol: "TCP",
  }));
  // Deprecated, but the one field for this that load balancers of every make read. What a make wants to hear besides,
  // such as the name of a pool, is an annotation, and `spec.infrastructure.annotations` brings it here.
  const wanted = plan.address !== undefined && { loadBalancerIP: plan.address };
  return { apiVersion: "v1", kind: "Service", metadata, spec: { type: "LoadBalancer", ...wanted, selector, ports } };
}
