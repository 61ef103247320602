/**
 * Of which Gateways' proxies a status speaks: while those have not been heard, nothing is known that could be written. Pure.
 */
import { GATEWAY_GROUP, type ListenerSet, type ParentReference } from "../../gateway-api/objects.ts";
import type { StatusPlan } from "../../model/plan.ts";

/** By `namespace/name`. */
type FindListenerSet = (key: string) => ListenerSet | undefined;

/** The Gateways, by `namespace/name`; one may stand here more than once. */
export function gatewaysOf(status: StatusPlan, listenerSet: FindListenerSet): readonly string[] {
  const { namespace = "", name } = status;
  switch (status.kind) {
    case "GatewayClass":
    case "GatewayParameters":
      return [];
    case "Gateway":
      return [`${namespace}/${name}`];
    case "ListenerSet":
      return gatewayOf({ kind: "ListenerSet", name }, namespace, listenerSet);
    case "TLSRoute":
    case "TCPRoute":
    case "HTTPRoute":
      return status.parents.flatMap(({ parentRef }) => gatewayOf(parentRef, namespace, listenerSet));
    case "BackendTLSPolicy":
      return status.ancestors.flatMap(({ ancestorRef }) => gatewayOf(ancestorRef, namespace, listenerSet));
  }
}

/** None or one. */
function gatewayOf(
  { group = GATEWAY_GROUP, kind = "Gateway", namespace, name }: ParentReference,
  home: string,
  listenerSet: FindListenerSet,
): readonly string[] {
  const key = `${namespace ?? home}/${name}`;
  if (group !== GATEWAY_GROUP) return [];
  if (kind === "Gateway") return [key];
  const set = kind === "ListenerSet" ? listenerSet(key) : undefined;
  // A set belongs to a Gateway; one that names another set belongs to nobody.
  return set === undefined ? [] : gatewayOf(set.spec.parentRef, set.metadata.namespace ?? "", () => undefined);
}
