/** What everything that runs for a Gateway has in common: its name, its owner, and the labels by which it is found. */
import { GATEWAY_GROUP } from "../gateway-api/objects.ts";
import {
  APP_LABEL,
  APP_LABEL_VALUE,
  FIELD_MANAGER,
  GATEWAY_CLASS_NAME_LABEL,
  GATEWAY_NAME_LABEL,
  MANAGED_BY_LABEL,
} from "../model/identity.ts";
import type { GatewayPlan } from "../model/plan.ts";
import { childName, labelValue } from "./names.ts";

type Texts = Readonly<Record<string, string>>;

export interface InfrastructureMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Texts;
  readonly annotations?: Texts;
  readonly ownerReferences: readonly object[];
}

/** Labels that find the Service, the Pods and the EndpointSlices of a Gateway. */
export function selectorLabels({ name }: GatewayPlan): Texts {
  return { [APP_LABEL]: APP_LABEL_VALUE, [GATEWAY_NAME_LABEL]: labelValue(name) };
}

/** `more`: what GatewayParameters have for one kind alone; what the Gateway itself says wins over it. */
export function metadataOf(
  plan: GatewayPlan,
  more: { readonly labels?: Texts; readonly annotations?: Texts } = {},
): InfrastructureMetadata {
  return {
    name: childName(plan.name),
    namespace: plan.namespace,
    // Ours come last: nobody must take an object away from us.
    labels: {
      ...more.labels,
      ...plan.labels,
      [MANAGED_BY_LABEL]: FIELD_MANAGER,
      [GATEWAY_CLASS_NAME_LABEL]: labelValue(plan.gatewayClassName),
      ...selectorLabels(plan),
    },
    ...annotationsOf(plan, more),
    ownerReferences: [
      {
        apiVersion: `${GATEWAY_GROUP}/v1`,
        kind: "Gateway",
        name: plan.name,
        uid: plan.uid,
        controller: true,
        blockOwnerDeletion: false,
      },
    ],
  };
}

/** None at all where there is nothing to say. */
export function annotationsOf(plan: GatewayPlan, more: { readonly annotations?: Texts } = {}) {
  const annotations = { ...more.annotations, ...plan.annotations };
  return Object.keys(annotations).length > 0 ? { annotations } : {};
}
