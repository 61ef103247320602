/** The HorizontalPodAutoscaler of a Gateway's proxies, which then owns the Deployment's `replicas`. */
import type { Autoscaling, GatewayParametersSpec } from "../gateway-api/gateway-parameters.ts";
import type { GatewayPlan } from "../model/plan.ts";
import type { InfrastructureObject } from "./infrastructure.ts";
import { metadataOf } from "./metadata.ts";
import { childName } from "./names.ts";

/** The API server's own choice for an autoscaler without metrics. */
const CPU_PERCENT = 80;

/** One, or none where it is not wanted. */
export function autoscalers(
  plan: GatewayPlan,
  { autoscaling }: GatewayParametersSpec,
): readonly InfrastructureObject[] {
  if (autoscaling === undefined) return [];
  const { minReplicas = 1, maxReplicas, behavior } = autoscaling;
  return [
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: metadataOf(plan),
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: childName(plan.name) },
        minReplicas,
        maxReplicas,
        metrics: metricsOf(autoscaling),
        ...(behavior !== undefined && { behavior }),
      },
    },
  ];
}

function metricsOf({ metrics, targetCPUUtilizationPercentage = CPU_PERCENT }: Autoscaling): readonly object[] {
  if (metrics !== undefined) return metrics;
  const target = { type: "Utilization", averageUtilization: targetCPUUtilizationPercentage };
  return [{ type: "Resource", resource: { name: "cpu", target } }];
}
