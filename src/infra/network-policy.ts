/**
 * The NetworkPolicy of a Gateway's proxies: whatever the namespace denies, clients reach the listeners' ports, and the kubelet and
 * scrapers the admin port; nobody reaches anything else. What proxies connect to is theirs to know: backends are anywhere.
 */
import type { GatewayParametersSpec } from "../gateway-api/gateway-parameters.ts";
import { PROXY_ADMIN_PORT } from "../model/identity.ts";
import type { GatewayPlan } from "../model/plan.ts";
import type { InfrastructureObject } from "./infrastructure.ts";
import { metadataOf, selectorLabels } from "./metadata.ts";

/** One, or none where it is not wanted. */
export function networkPolicies(
  plan: GatewayPlan,
  { networkPolicy = {} }: GatewayParametersSpec,
): readonly InfrastructureObject[] {
  if (networkPolicy.enabled === false) return [];
  // A node's own address, from which the kubelet asks, is none that a policy could name.
  const ports = [...plan.ports.map(({ port }) => port), PROXY_ADMIN_PORT].map((port) => ({ port, protocol: "TCP" }));
  return [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: metadataOf(plan),
      spec: { podSelector: { matchLabels: selectorLabels(plan) }, policyTypes: ["Ingress"], ingress: [{ ports }] },
    },
  ];
}
