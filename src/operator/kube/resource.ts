/**
 * Names of resources in the Kubernetes API and their paths (Kubernetes API concepts, "Resource URIs"). Pure.
 *
 * It never says which version a cluster serves: that is discovery's business.
 */
import { PARAMETERS_GROUP, PARAMETERS_KIND } from "../../gateway-api/gateway-parameters.ts";
import { GATEWAY_GROUP, GATEWAY_X_GROUP, type KubernetesObject } from "../../gateway-api/objects.ts";

/** A kind at one version, as the API server's paths name it. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Lower-case plural: the path segment. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** One object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectReference {
  readonly namespace?: string;
  readonly name: string;
}

/** Kinds that every supported Kubernetes serves at a known version. */
export const NAMESPACES = builtin("", "v1", "Namespace", "namespaces", false);
export const SERVICES = builtin("", "v1", "Service", "services");
export const SERVICE_ACCOUNTS = builtin("", "v1", "ServiceAccount", "serviceaccounts");
export const CONFIG_MAPS = builtin("", "v1", "ConfigMap", "configmaps");
export const PODS = builtin("", "v1", "Pod", "pods");
export const SECRETS = builtin("", "v1", "Secret", "secrets");
export const DEPLOYMENTS = builtin("apps", "v1", "Deployment", "deployments");
export const NETWORK_POLICIES = builtin("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies");
export const DISRUPTION_BUDGETS = builtin("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");
export const AUTOSCALERS = builtin("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");
export const ENDPOINT_SLICES = builtin("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices");
export const LEASES = builtin("coordination.k8s.io", "v1", "Lease", "leases");
export const EVENTS = builtin("events.k8s.io", "v1", "Event", "events");
export const CUSTOM_RESOURCE_DEFINITIONS = builtin(
  "apiextensions.k8s.io",
  "v1",
  "CustomResourceDefinition",
  "customresourcedefinitions",
  false,
);

/** Kinds whose version depends on the installed Gateway API bundle, if they are there at all. */
export const GATEWAY_API_KINDS = {
  gatewayClasses: { group: GATEWAY_GROUP, kind: "GatewayClass", plural: "gatewayclasses" },
  gateways: { group: GATEWAY_GROUP, kind: "Gateway", plural: "gateways" },
  listenerSets: { group: GATEWAY_GROUP, kind: "ListenerSet", plural: "listenersets" },
  tlsRoutes: { group: GATEWAY_GROUP, kind: "TLSRoute", plural: "tlsroutes" },
  tcpRoutes: { group: GATEWAY_GROUP, kind: "TCPRoute", plural: "tcproutes" },
  httpRoutes: { group: GATEWAY_GROUP, kind: "HTTPRoute", plural: "httproutes" },
  backendTlsPolicies: { group: GATEWAY_GROUP, kind: "BackendTLSPolicy", plural: "backendtlspolicies" },
  xBackends: { group: GATEWAY_X_GROUP, kind: "XBackend", plural: "xbackends" },
  referenceGrants: { group: GATEWAY_GROUP, kind: "ReferenceGrant", plural: "referencegrants" },
} as const;

/** Our own, absent where its definition was not applied. */
export const GATEWAY_PARAMETERS = { group: PARAMETERS_GROUP, kind: PARAMETERS_KIND } as const;

/** `v1` or `<group>/<version>`, as in `apiVersion`. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** `/api/v1` or `/apis/<group>/<version>`. */
export function groupVersionPath(group: string, version: string): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Path of a collection: of one namespace, or of all when none is given. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = groupVersionPath(type.group, type.version);
  const scope = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${type.plural}`;
}

/** Path of one object, or of its subresource. */
export function objectPath(type: ResourceType, reference: ObjectReference, subresource?: string): string {
  const path = `${collectionPath(type, reference.namespace)}/${encodeURIComponent(reference.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Where an object is. */
export function referenceTo(object: Pick<KubernetesObject, "metadata">): ObjectReference {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

function builtin(group: string, version: string, kind: string, plural: string, namespaced = true): ResourceType {
  return { group, version, kind, plural, namespaced };
}
