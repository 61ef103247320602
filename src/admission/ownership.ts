/**
 * Whose object it is. Admission sees every Gateway and every route of the cluster, those of other controllers too; only what
 * is ours, or may become ours, is judged. Pure lookups over what the operator knows at that moment.
 */
import {
  GATEWAY_GROUP,
  type Gateway,
  type ListenerSet,
  type ParentGatewayReference,
  type ParentReference,
  type TcpRoute,
  type TlsRoute,
} from "../gateway-api/objects.ts";
import type { Snapshot } from "../model/snapshot.ts";

/** What the rules need to know besides the object itself. */
export type AdmissionContext = Pick<Snapshot, "controllerName" | "gatewayClasses" | "gateways" | "listenerSets">;

export type Owner = "ours" | "foreign" | "unknown";

/** Unknown: the cluster has no such GatewayClass (yet), or it has not reached us. */
export function classOwner(gatewayClassName: string, context: AdmissionContext): Owner {
  const found = context.gatewayClasses.find(({ metadata }) => metadata.name === gatewayClassName);
  if (found === undefined) return "unknown";
  return found.spec.controllerName === context.controllerName ? "ours" : "foreign";
}

export function gatewayOwner(gateway: Gateway, context: AdmissionContext): Owner {
  return classOwner(gateway.spec.gatewayClassName, context);
}

/** Unknown: its Gateway is not there (yet). */
export function listenerSetOwner({ metadata, spec }: ListenerSet, context: AdmissionContext): Owner {
  const { group = GATEWAY_GROUP, kind = "Gateway" } = spec.parentRef ?? {};
  if (group !== GATEWAY_GROUP || kind !== "Gateway") return "foreign";
  const gateway = find(context.gateways, spec.parentRef, metadata.namespace);
  return gateway === undefined ? "unknown" : gatewayOwner(gateway, context);
}

/**
 * Foreign when no parentRef could lead to a Gateway of ours. A parent that is not there yet may become ours, so its route is
 * judged: `kubectl apply` of one file sends both within milliseconds.
 */
export function isForeignRoute({ metadata, spec }: TlsRoute | TcpRoute, context: AdmissionContext): boolean {
  return (spec.parentRefs ?? []).every((ref) => parentOwner(ref, metadata.namespace, context) === "foreign");
}

/** Does it name a kind that we take routes at? */
export function isParentRef({ group = GATEWAY_GROUP, kind = "Gateway" }: ParentReference): boolean {
  return group === GATEWAY_GROUP && (kind === "Gateway" || kind === "ListenerSet");
}

function parentOwner(ref: ParentReference, namespace: string | undefined, context: AdmissionContext): Owner {
  if (!isParentRef(ref)) return "foreign";
  if (ref.kind === "ListenerSet") {
    const listenerSet = find(context.listenerSets, ref, namespace);
    return listenerSet === undefined ? "unknown" : listenerSetOwner(listenerSet, context);
  }
  const gateway = find(context.gateways, ref, namespace);
  return gateway === undefined ? "unknown" : gatewayOwner(gateway, context);
}

function find<T extends Gateway | ListenerSet>(
  objects: readonly T[],
  ref: ParentGatewayReference,
  ownNamespace: string | undefined,
): T | undefined {
  const namespace = ref.namespace ?? ownNamespace;
  return objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === ref.name);
}
