/**
 * The kinds that may stand in a file and the shape of each, checked before the translator sees it: there is no API server
 * here to refuse a port that is a string. Gateway API kinds are strict, so that a misspelt field is found; of Kubernetes'
 * own kinds we read a part and pass over the rest.
 */
import type { z } from "zod";
import type { GatewayParameters } from "../../gateway-api/gateway-parameters.ts";
import {
  type BackendTlsPolicy,
  type ConfigMap,
  type EndpointSlice,
  GATEWAY_GROUP,
  GATEWAY_X_GROUP,
  type Gateway,
  type GatewayClass,
  type HttpRoute,
  type KubernetesObject,
  type ListenerSet,
  type Namespace,
  type ReferenceGrant,
  type Secret,
  type Service,
  type TcpRoute,
  type TlsRoute,
  type XBackend,
} from "../../gateway-api/objects.ts";
import { backendTlsPolicy, referenceGrant, xBackend } from "./shapes/backends.ts";
import { gatewayParameters } from "./shapes/gateway-parameters.ts";
import { gateway, gatewayClass, listenerSet } from "./shapes/gateways.ts";
import { configMap, endpointSlice, namespace, secret, service } from "./shapes/kubernetes.ts";
import { withSpec } from "./shapes/parts.ts";
import { httpRoute, tcpRoute, tlsRoute } from "./shapes/routes.ts";
import { type BackendTrafficSpec, backendTraffic, type ClientTrafficSpec, clientTraffic } from "./shapes/traffic.ts";

/** Of our own kinds. Those of traffic are for files alone as yet: there are no definitions of them for a cluster. */
const OUR_API_VERSION = "gateway.fsm.dev/v1alpha1";

export interface Kinds {
  readonly GatewayClass: GatewayClass;
  readonly Gateway: Gateway;
  readonly ListenerSet: ListenerSet;
  readonly TLSRoute: TlsRoute;
  readonly TCPRoute: TcpRoute;
  readonly HTTPRoute: HttpRoute;
  readonly BackendTLSPolicy: BackendTlsPolicy;
  readonly XBackend: XBackend;
  readonly ReferenceGrant: ReferenceGrant;
  readonly Namespace: Namespace;
  readonly Secret: Secret;
  readonly ConfigMap: ConfigMap;
  readonly Service: Service;
  readonly EndpointSlice: EndpointSlice;
  readonly GatewayParameters: GatewayParameters;
  readonly ClientTraffic: KubernetesObject & { readonly spec: ClientTrafficSpec };
  readonly BackendTraffic: KubernetesObject & { readonly spec: BackendTrafficSpec };
}

export type Kind = keyof Kinds;

interface KindShape {
  readonly apiVersions: readonly string[];
  readonly namespaced: boolean;
  readonly shape: z.ZodType;
}

const gatewayApi = (shape: z.ZodType, ...versions: readonly string[]): KindShape => ({
  apiVersions: versions.map((version) => `${GATEWAY_GROUP}/${version}`),
  namespaced: true,
  shape: withSpec(shape),
});

const ours = (shape: z.ZodType): KindShape => ({
  apiVersions: [OUR_API_VERSION],
  namespaced: true,
  shape: withSpec(shape),
});

const core = (shape: z.ZodType): KindShape => ({ apiVersions: ["v1"], namespaced: true, shape });

export const KIND_SHAPES: Readonly<Record<Kind, KindShape>> = {
  GatewayClass: { ...gatewayApi(gatewayClass, "v1"), namespaced: false },
  Gateway: gatewayApi(gateway, "v1"),
  ListenerSet: gatewayApi(listenerSet, "v1"),
  TLSRoute: gatewayApi(tlsRoute, "v1", "v1alpha3", "v1alpha2"),
  TCPRoute: gatewayApi(tcpRoute, "v1", "v1alpha2"),
  HTTPRoute: gatewayApi(httpRoute, "v1", "v1beta1"),
  BackendTLSPolicy: gatewayApi(backendTlsPolicy, "v1", "v1alpha3"),
  XBackend: { apiVersions: [`${GATEWAY_X_GROUP}/v1alpha1`], namespaced: true, shape: withSpec(xBackend) },
  ReferenceGrant: gatewayApi(referenceGrant, "v1", "v1beta1"),
  Namespace: { ...core(namespace), namespaced: false },
  Secret: core(secret),
  ConfigMap: core(configMap),
  Service: core(service),
  EndpointSlice: { apiVersions: ["discovery.k8s.io/v1"], namespaced: true, shape: endpointSlice },
  GatewayParameters: ours(gatewayParameters),
  ClientTraffic: ours(clientTraffic),
  BackendTraffic: ours(backendTraffic),
};
