/**
 * The PodDisruptionBudget of a Gateway's proxies. Unless something else is asked for, one at a time may go: that holds a drain of several
 * nodes back from taking all, and never keeps a node from being drained, not even with one proxy.
 */
import type { GatewayParametersSpec } from "../gateway-api/gateway-parameters.ts";
import type { GatewayPlan } from "../model/plan.ts";
import type { InfrastructureObject } from "./infrastructure.ts";
import { metadataOf, selectorLabels } from "./metadata.ts";

/** One, or none where it is not wanted. */
export function disruptionBudgets(
  plan: GatewayPlan,
  { disruptionBudget = {} }: GatewayParametersSpec,
): readonly InfrastructureObject[] {
  const { enabled = true, minAvailable, maxUnavailable = 1 } = disruptionBudget;
  if (!enabled) return [];
  return [
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: metadataOf(plan),
      spec: {
        ...(minAvailable === undefined ? { maxUnavailable } : { minAvailable }),
        selector: { matchLabels: selectorLabels(plan) },
        // A proxy that is not Ready serves nobody: there is nothing to protect.
        unhealthyPodEvictionPolicy: "AlwaysAllow",
      },
    },
  ];
}
