/**
 * GatewayParameters (gateway.fsm.dev/v1alpha1), our own kind: how what runs for a Gateway is to be. By hand beside
 * crds/gateway.fsm.dev_gatewayparameters.yaml, which says what each field means; plain data, no behaviour.
 */
import type { Condition, KubernetesObject } from "./objects.ts";

export const PARAMETERS_GROUP = "gateway.fsm.dev";
export const PARAMETERS_KIND = "GatewayParameters";

export interface GatewayParameters extends KubernetesObject {
  readonly spec: GatewayParametersSpec;
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly gateways?: number;
    readonly gatewayNames?: readonly string[];
  };
}

export interface GatewayParametersSpec {
  readonly replicas?: number;
  readonly autoscaling?: Autoscaling;
  readonly disruptionBudget?: DisruptionBudget;
  readonly service?: ServiceParameters;
  readonly pod?: PodParameters;
  readonly logging?: LoggingParameters;
  readonly engine?: "auto" | "portable" | "linux";
  readonly networkPolicy?: { readonly enabled?: boolean };
}

export interface Autoscaling {
  readonly minReplicas?: number;
  readonly maxReplicas: number;
  readonly targetCPUUtilizationPercentage?: number;
  /** autoscaling/v2 MetricSpec. */
  readonly metrics?: readonly object[];
  /** autoscaling/v2 HorizontalPodAutoscalerBehavior. */
  readonly behavior?: object;
}

type IntOrPercent = number | string;

export interface DisruptionBudget {
  readonly enabled?: boolean;
  readonly minAvailable?: IntOrPercent;
  readonly maxUnavailable?: IntOrPercent;
}

export type ServiceType = "LoadBalancer" | "ClusterIP" | "NodePort";

export interface ServiceParameters {
  readonly type?: ServiceType;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly externalTrafficPolicy?: "Cluster" | "Local";
  readonly internalTrafficPolicy?: "Cluster" | "Local";
  readonly loadBalancerClass?: string;
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly healthCheckNodePort?: number;
  readonly nodePorts?: readonly { readonly port: number; readonly nodePort: number }[];
  readonly ipFamilies?: readonly ("IPv4" | "IPv6")[];
  readonly ipFamilyPolicy?: "SingleStack" | "PreferDualStack" | "RequireDualStack";
}

export interface PodParameters {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** core/v1 Affinity. */
  readonly affinity?: object;
  /** core/v1 Toleration. */
  readonly tolerations?: readonly object[];
  /** core/v1 TopologySpreadConstraint; one without a `labelSelector` selects the Gateway's Pods. */
  readonly topologySpreadConstraints?: readonly { readonly labelSelector?: object }[];
  readonly priorityClassName?: string;
  readonly resources?: object;
  readonly drainSeconds?: number;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly image?: string;
  readonly securityContext?: PodSecurityParameters;
  readonly runtimeClassName?: string;
  /** core/v1 PodDNSConfig. */
  readonly dnsConfig?: object;
  readonly minReadySeconds?: number;
  /** A strategic merge patch of the Pod template: see translate/parameters/pod-patch.ts. */
  readonly patch?: Readonly<Record<string, unknown>>;
}

/** The members of core/v1 PodSecurityContext that cannot add rights. The image or the platform decides absent members. */
export interface PodSecurityParameters {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly fsGroup?: number;
  readonly fsGroupChangePolicy?: "Always" | "OnRootMismatch";
  readonly supplementalGroups?: readonly number[];
}

export interface LoggingParameters {
  readonly level?: "debug" | "info" | "warn" | "error";
  readonly format?: "json" | "text";
  readonly refusedPerSecond?: number;
}
