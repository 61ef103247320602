/**
 * Whose object it is. Admission sees every Gateway and TLSRoute of the cluster, those of other controllers too; only what is
 * ours, or may become ours, is judged. Pure lookups over what the operator knows at that moment.
 */
import { GATEWAY_GROUP, type Gateway, type ParentReference, type TlsRoute } from "../gateway-api/objects.ts";
import type { Snapshot } from "../model/snapshot.ts";

/** What the rules need to know besides the object itself. */
export type AdmissionContext = Pick<Snapshot, "controllerName" | "gatewayClasses" | "gateways">;

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

/**
 * Foreign when no parentRef could lead to a Gateway of ours. A Gateway that is not there yet may become ours, so its route is
 * judged: `kubectl apply` of one file sends both within milliseconds.
 */
export function isForeignRoute(route: TlsRoute, context: AdmissionContext): boolean {
  return (route.spec.parentRefs ?? []).every((parentRef) => isForeignParent(parentRef, route, context));
}

export function isGatewayRef(parentRef: ParentReference): boolean {
  return (parentRef.group ?? GATEWAY_GROUP) === GATEWAY_GROUP && (parentRef.kind ?? "Gateway") === "Gateway";
}

function isForeignParent(parentRef: ParentReference, route: TlsRoute, context: AdmissionContext): boolean {
  if (!isGatewayRef(parentRef)) return true;
  const namespace = parentRef.namespace ?? route.metadata.namespace;
  const gateway = context.gateways.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === parentRef.name,
  );
  return gateway !== undefined && gatewayOwner(gateway, context) === "foreign";
}
