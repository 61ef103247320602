/** Names that the bench's objects share. */
import { GATEWAY_GROUP } from "../../src/gateway-api/objects.ts";
import type { ResourceType } from "../../src/operator/kube/resource.ts";

/** The namespace of the Gateway and the backends. */
export const APP = "bench";

const gatewayApi = (kind: string, plural: string, namespaced = true): ResourceType => {
  return { group: GATEWAY_GROUP, version: "v1", kind, plural, namespaced };
};

export const GATEWAY_CLASSES = gatewayApi("GatewayClass", "gatewayclasses", false);
export const GATEWAYS = gatewayApi("Gateway", "gateways");
export const TLS_ROUTES = gatewayApi("TLSRoute", "tlsroutes");
export const LISTENER_SETS = gatewayApi("ListenerSet", "listenersets");
export const PODS: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
