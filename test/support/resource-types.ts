/** Kinds as the API server's paths name them, of those that a client outside of the product asks for. Constants, no logic. */
import { GATEWAY_GROUP } from "../../src/gateway-api/objects.ts";
import type { ResourceType } from "../../src/operator/kube/resource.ts";

export const PODS: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
export const GATEWAY_CLASSES = gatewayApi("GatewayClass", "gatewayclasses", false);
export const GATEWAYS = gatewayApi("Gateway", "gateways");
export const LISTENER_SETS = gatewayApi("ListenerSet", "listenersets");
export const TLS_ROUTES = gatewayApi("TLSRoute", "tlsroutes");

function gatewayApi(kind: string, plural: string, namespaced = true): ResourceType {
  return { group: GATEWAY_GROUP, version: "v1", kind, plural, namespaced };
}
