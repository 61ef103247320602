/**
 * Everything the translator wants: what to run for each Gateway, and what to write into each status. Plain data.
 */
import type { GatewayParametersSpec } from "../gateway-api/gateway-parameters.ts";
import type { ConditionStatus, GatewayAddress, ParentReference, RouteGroupKind } from "../gateway-api/objects.ts";
import type { ProxyConfig } from "./proxy-config.ts";

export interface Plan {
  /** Gateways that have proxies, by `namespace/name`. What is not here has none. */
  readonly gateways: ReadonlyMap<string, GatewayPlan>;
  readonly statuses: readonly StatusPlan[];
  /** Uids of Gateways whose GatewayClass exists and belongs to another controller. Objects applied for them are deleted. */
  readonly released: ReadonlySet<string>;
}

/** What runs for one Gateway. */
export interface GatewayPlan {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly gatewayClassName: string;
  /** `spec.infrastructure.labels` and `.annotations`, for everything provisioned. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Ports of the Service; each port number once, named for the first listener that uses it. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  /** Parameters of the Gateway and its class. Absent if they or the class cannot be read: then the applied objects stay unchanged. */
  readonly parameters?: GatewayParametersSpec;
  /** The static address to ask for (`spec.addresses`), an IP address. Absent: any will do. */
  readonly address?: string;
  readonly config: ProxyConfig;
}

/** A condition as we want it; `lastTransitionTime` is the writer's business. */
export interface DesiredCondition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

export type StatusPlan =
  | GatewayClassStatusPlan
  | GatewayParametersStatusPlan
  | GatewayStatusPlan
  | ListenerSetStatusPlan
  | RouteStatusPlan
  | PolicyStatusPlan;

interface StatusTarget {
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  /** The generation that was looked at: becomes `observedGeneration`. */
  readonly generation: number;
}

export interface GatewayClassStatusPlan extends StatusTarget {
  readonly kind: "GatewayClass";
  readonly conditions: readonly DesiredCondition[];
  /** Sorted. */
  readonly supportedFeatures: readonly string[];
}

export interface GatewayParametersStatusPlan extends StatusTarget {
  readonly kind: "GatewayParameters";
  readonly namespace: string;
  readonly conditions: readonly DesiredCondition[];
  /** How many use them. */
  readonly gateways: number;
  /** Of these the first ones, `namespace/name`, sorted. */
  readonly gatewayNames: readonly string[];
}

export interface GatewayStatusPlan extends StatusTarget {
  readonly kind: "Gateway";
  readonly conditions: readonly DesiredCondition[];
  readonly addresses: readonly GatewayAddress[];
  readonly listeners: readonly DesiredListenerStatus[];
  readonly attachedListenerSets: number;
}

export interface ListenerSetStatusPlan extends StatusTarget {
  readonly kind: "ListenerSet";
  readonly conditions: readonly DesiredCondition[];
  readonly listeners: readonly DesiredListenerStatus[];
}

export interface DesiredListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly attachedRoutes: number;
  readonly conditions: readonly DesiredCondition[];
}

export type RouteKind = "TLSRoute" | "TCPRoute" | "HTTPRoute";

export interface RouteStatusPlan extends StatusTarget {
  readonly kind: RouteKind;
  /** Our entries of `status.parents`, all of them: an entry of ours that is not here is stale. */
  readonly parents: readonly DesiredParentStatus[];
}

export interface DesiredParentStatus {
  /** The entry of `spec.parentRefs`, verbatim. */
  readonly parentRef: ParentReference;
  readonly conditions: readonly DesiredCondition[];
}

export interface PolicyStatusPlan extends StatusTarget {
  readonly kind: "BackendTLSPolicy";
  /** Our entries of `status.ancestors`, all of them. */
  readonly ancestors: readonly DesiredAncestorStatus[];
}

export interface DesiredAncestorStatus {
  /** A Gateway of ours that reaches the policy's target. */
  readonly ancestorRef: ParentReference;
  readonly conditions: readonly DesiredCondition[];
}
