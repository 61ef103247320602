/**
 * The Kubernetes and Gateway API objects we read, as far as we read them. Written by hand from the CRDs of Gateway API
 * v1.6 and the Kubernetes API; plain data, no behaviour. Every field that the API calls optional is optional here, and
 * so is what older versions of a kind may lack (a v1alpha2 TLSRoute has no hostnames).
 */

export const GATEWAY_GROUP = "gateway.networking.k8s.io";
/** Group of Gateway API's experimental kinds. */
export const GATEWAY_X_GROUP = "gateway.networking.x-k8s.io";

export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export type ConditionStatus = "True" | "False" | "Unknown";

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  /** RFC 3339; moves only when `status` does. */
  readonly lastTransitionTime: string;
}

export interface GatewayClass extends KubernetesObject {
  readonly spec: { readonly controllerName: string; readonly parametersRef?: ParametersReference };
  readonly status?: GatewayClassStatus;
}

export interface GatewayClassStatus {
  readonly conditions?: readonly Condition[];
  readonly supportedFeatures?: readonly { readonly name: string }[];
}

export interface ParametersReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface Gateway extends KubernetesObject {
  readonly spec: GatewaySpec;
  readonly status?: GatewayStatus;
}

export interface GatewaySpec {
  readonly gatewayClassName: string;
  readonly listeners?: readonly Listener[];
  readonly addresses?: readonly GatewayAddress[];
  /** Which ListenerSets may attach; none when absent. */
  readonly allowedListeners?: { readonly namespaces?: NamespaceChoice };
  readonly tls?: GatewayTls;
  readonly infrastructure?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly parametersRef?: ParametersReference;
  };
}

export interface GatewayAddress {
  /** `IPAddress` (default), `Hostname`, or a domain-prefixed type. */
  readonly type?: string;
  readonly value?: string;
}

export interface Listener {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostname?: string;
  readonly tls?: ListenerTls;
  readonly allowedRoutes?: AllowedRoutes;
}

export interface ListenerTls {
  /** `Terminate` when absent (CRD default). */
  readonly mode?: string;
  readonly certificateRefs?: readonly ObjectReference[];
  readonly options?: Readonly<Record<string, string>>;
}

export interface ObjectReference {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface AllowedRoutes {
  /** `Same` when absent. */
  readonly namespaces?: NamespaceChoice;
  readonly kinds?: readonly RouteGroupKind[];
}

export interface NamespaceChoice {
  /** `All`, `Same`, `Selector` or `None`. */
  readonly from?: string;
  readonly selector?: LabelSelector;
}

/** TLS of a whole Gateway (GEP-91, GEP-3155). */
export interface GatewayTls {
  readonly backend?: { readonly clientCertificateRef?: ObjectReference };
  readonly frontend?: {
    readonly default?: FrontendTls;
    readonly perPort?: readonly { readonly port: number; readonly tls?: FrontendTls }[];
  };
}

export interface FrontendTls {
  readonly validation?: {
    /** ConfigMaps with `ca.crt`. */
    readonly caCertificateRefs?: readonly ObjectReference[];
    /** `AllowValidOnly` (default) or `AllowInsecureFallback`. */
    readonly mode?: string;
  };
}

export interface RouteGroupKind {
  readonly group?: string;
  readonly kind: string;
}

/** metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface GatewayStatus {
  readonly addresses?: readonly { readonly type?: string; readonly value: string }[];
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly ListenerStatus[];
  readonly attachedListenerSets?: number;
}

/** GEP-1713. Its listeners have the shape of a Gateway's. */
export interface ListenerSet extends KubernetesObject {
  readonly spec: { readonly parentRef: ParentGatewayReference; readonly listeners?: readonly Listener[] };
  readonly status?: { readonly conditions?: readonly Condition[]; readonly listeners?: readonly ListenerStatus[] };
}

export interface ParentGatewayReference {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds?: readonly RouteGroupKind[];
  readonly attachedRoutes: number;
  readonly conditions: readonly Condition[];
}

export interface TlsRoute extends KubernetesObject {
  readonly spec: TlsRouteSpec;
  readonly status?: RouteStatus;
}

export interface TlsRouteSpec {
  readonly parentRefs?: readonly ParentReference[];
  /** Required since v1; absent or empty in objects written as v1alpha2. */
  readonly hostnames?: readonly string[];
  readonly rules?: readonly TlsRouteRule[];
}

export interface TlsRouteRule {
  readonly name?: string;
  readonly backendRefs?: readonly BackendRef[];
}

export interface TcpRoute extends KubernetesObject {
  readonly spec: { readonly parentRefs?: readonly ParentReference[]; readonly rules?: readonly TcpRouteRule[] };
  readonly status?: RouteStatus;
}

export interface TcpRouteRule {
  readonly name?: string;
  readonly backendRefs?: readonly BackendRef[];
}

/** As much of an HTTPRoute as attaching it needs: HTTP is not routed here. */
export interface HttpRoute extends KubernetesObject {
  readonly spec: { readonly parentRefs?: readonly ParentReference[]; readonly hostnames?: readonly string[] };
  readonly status?: RouteStatus;
}

export interface ParentReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
  /** 0–1,000,000; 1 when absent. */
  readonly weight?: number;
}

export interface RouteStatus {
  readonly parents?: readonly RouteParentStatus[];
}

export interface RouteParentStatus {
  readonly parentRef: ParentReference;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

export interface ReferenceGrant extends KubernetesObject {
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}

/** GEP-1897. */
export interface BackendTlsPolicy extends KubernetesObject {
  readonly spec: {
    readonly targetRefs: readonly PolicyTargetReference[];
    readonly validation: BackendTlsValidation;
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly status?: { readonly ancestors?: readonly PolicyAncestorStatus[] };
}

/** In the policy's own namespace; `sectionName` is the name of a Service port. */
export interface PolicyTargetReference {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

export interface BackendTlsValidation {
  /** ConfigMaps with `ca.crt`, in the policy's own namespace. */
  readonly caCertificateRefs?: readonly ObjectReference[];
  /** `System`. */
  readonly wellKnownCACertificates?: string;
  /** The server name sent; verified too, unless `subjectAltNames` are given. */
  readonly hostname: string;
  readonly subjectAltNames?: readonly { readonly type: string; readonly hostname?: string; readonly uri?: string }[];
}

export interface PolicyAncestorStatus {
  readonly ancestorRef: ParentReference;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

/** `gateway.networking.x-k8s.io/v1alpha1` (GEP-3539, GEP-4488): a host outside the cluster. */
export interface XBackend extends KubernetesObject {
  readonly spec: {
    /** `ExternalHostname`. */
    readonly type: string;
    readonly port?: { readonly name?: string; readonly port?: number };
    readonly externalHostname?: { readonly hostname?: string };
    readonly protocol?: string;
    readonly tls?: {
      /** `None`, `ServerOnly` or `ClientAndServer`. */
      readonly mode: string;
      readonly clientCertificateRef?: ObjectReference;
      readonly validation?: BackendTlsValidation;
    };
  };
}

/** A Secret of type `kubernetes.io/tls`; values are base64. */
export interface Secret extends KubernetesObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface Namespace extends KubernetesObject {}

export interface Service extends KubernetesObject {
  readonly spec: ServiceSpec;
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
  };
}

export interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalIPs?: readonly string[];
  readonly loadBalancerIP?: string;
  readonly externalName?: string;
  readonly ports?: readonly ServicePort[];
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly nodePort?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** discovery.k8s.io/v1. */
export interface EndpointSlice extends KubernetesObject {
  readonly addressType: string;
  readonly endpoints?: readonly SliceEndpoint[] | null;
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[] | null;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

/** On an EndpointSlice, the name of the Service whose endpoints it holds. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

/** `namespace/name` of the Service whose endpoints an EndpointSlice holds. */
export function serviceKey({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL] ?? ""}`;
}

/** `namespace/name`, or the name alone of a cluster-scoped object. */
export function objectKey(object: { readonly metadata: ObjectMeta }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The namespace of a namespaced object. */
export function namespaceOf({ metadata }: { readonly metadata: ObjectMeta }): string {
  return metadata.namespace ?? "";
}
