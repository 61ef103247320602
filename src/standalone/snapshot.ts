/**
 * A snapshot from manifests instead of from an API server. Pure. It adds what a cluster would have anyway: the GatewayClass
 * that the installation brings, and the namespaces that objects name.
 */
import { objectKey } from "../gateway-api/objects.ts";
import { DEFAULT_EXTERNAL_HOSTS, type ExternalHostsPolicy } from "../model/external-hosts.ts";
import { CONTROLLER_NAME, GATEWAY_CLASS_NAME } from "../model/identity.ts";
import type { ObservedDeployment, Snapshot } from "../model/snapshot.ts";
import type { AnyManifest } from "./manifests/parse.ts";
import type { Kind, Kinds } from "./manifests/shapes.ts";

/** Every kind may stand in a file. */
const NOTHING_ABSENT: ReadonlySet<string> = new Set();

export function snapshotOf(
  manifests: readonly AnyManifest[],
  deployments: ReadonlyMap<string, ObservedDeployment>,
  externalHosts: ExternalHostsPolicy = DEFAULT_EXTERNAL_HOSTS,
): Snapshot {
  const byKind = new Map<Kind, AnyManifest["object"][]>();
  for (const { kind, object } of manifests) {
    const list = byKind.get(kind);
    if (list === undefined) byKind.set(kind, [object]);
    else list.push(object);
  }
  const all = <K extends Kind>(kind: K): readonly Kinds[K][] =>
    (byKind.get(kind) ?? []) as readonly unknown[] as readonly Kinds[K][];
  return {
    controllerName: CONTROLLER_NAME,
    gatewayClasses: withDefaults(all("GatewayClass"), [installedClass()]),
    gatewayParameters: all("GatewayParameters"),
    gateways: all("Gateway"),
    listenerSets: all("ListenerSet"),
    tlsRoutes: all("TLSRoute"),
    tcpRoutes: all("TCPRoute"),
    httpRoutes: all("HTTPRoute"),
    backendTlsPolicies: all("BackendTLSPolicy"),
    xBackends: all("XBackend"),
    referenceGrants: all("ReferenceGrant"),
    namespaces: withDefaults(all("Namespace"), impliedNamespaces(manifests)),
    // The operator asks the API server for these alone.
    secrets: all("Secret").filter(({ type }) => type === "kubernetes.io/tls"),
    configMaps: all("ConfigMap").filter(({ data }) => data?.["ca.crt"] !== undefined),
    services: all("Service"),
    endpointSlices: all("EndpointSlice"),
    deployments,
    provisions: false,
    absentKinds: NOTHING_ABSENT,
    externalHosts,
  };
}

function installedClass(): Kinds["GatewayClass"] {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name: GATEWAY_CLASS_NAME, generation: 1 },
    spec: { controllerName: CONTROLLER_NAME },
  };
}

function impliedNamespaces(manifests: readonly AnyManifest[]): readonly Kinds["Namespace"][] {
  const names = new Set<string>();
  for (const { object } of manifests) if (object.metadata.namespace !== undefined) names.add(object.metadata.namespace);
  return [...names].map((name) => {
    const labels = { "kubernetes.io/metadata.name": name };
    return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
  });
}

/** What the files say wins over what is implied. */
function withDefaults<T extends Parameters<typeof objectKey>[0]>(
  given: readonly T[],
  implied: readonly T[],
): readonly T[] {
  const keys = new Set(given.map(objectKey));
  return [...given, ...implied.filter((object) => !keys.has(objectKey(object)))];
}
