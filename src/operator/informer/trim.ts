/**
 * What the caches keep of an object: all that is read, none of what only costs memory. Pure; objects come fresh from
 * JSON and are copied where they change.
 */
import type {
  ConfigMap,
  EndpointSlice,
  HttpRoute,
  KubernetesObject,
  ObjectMeta,
  Secret,
} from "../../gateway-api/objects.ts";

/** `kubectl apply` keeps the whole object once more in here. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** One entry of `metadata.managedFields`, as far as it is read. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/** An object as the API server returns it: with managedFields, which the model leaves out. */
export interface ManagedObject extends KubernetesObject {
  readonly metadata: ObjectMeta & { readonly managedFields?: readonly ManagedFieldsEntry[] };
}

/** Drops managedFields and the last-applied annotation: some two thirds of a typical object. */
export function trimmed<T extends KubernetesObject>(object: T): T {
  const { managedFields: _, annotations, ...metadata } = (object as ManagedObject).metadata;
  return { ...object, metadata: { ...metadata, ...keptAnnotations(annotations) } };
}

/** As `trimmed`, but keeps what `manager` applied, for the applier to compare with. */
export function trimmedFor<T extends KubernetesObject>(manager: string): (object: T) => T {
  return (object) => {
    const entries = (object as ManagedObject).metadata.managedFields ?? [];
    const own = entries.filter((entry) => entry.manager === manager && entry.operation === "Apply");
    const kept = trimmed(object);
    return own.length === 0 ? kept : { ...kept, metadata: { ...kept.metadata, managedFields: own } };
  };
}

/** There may be tens of thousands: only addresses, ports and the Service's name matter. */
export function trimmedSlice(slice: EndpointSlice): EndpointSlice {
  const { labels } = slice.metadata;
  return {
    apiVersion: slice.apiVersion,
    kind: slice.kind,
    metadata: { ...identity(slice), ...(labels === undefined ? {} : { labels }) },
    addressType: slice.addressType,
    endpoints: (slice.endpoints ?? []).map(({ addresses, conditions, targetRef }) =>
      withoutUndefined({ addresses, conditions, targetRef }),
    ),
    ports: slice.ports ?? [],
  };
}

/** HTTP is not routed here: of the rules, which are most of an HTTPRoute, nothing is read. */
export function trimmedHttpRoute(route: HttpRoute): HttpRoute {
  const { parentRefs, hostnames } = route.spec;
  return { ...trimmed(route), spec: withoutUndefined({ parentRefs, hostnames }) };
}

/** The certificate and its key, and nothing that others keep beside them. */
export function trimmedSecret({ apiVersion, kind, type, data, metadata }: Secret): Secret {
  const kept = withoutUndefined({ "tls.crt": data?.["tls.crt"], "tls.key": data?.["tls.key"] });
  return { apiVersion, kind, metadata: identity({ metadata }), data: kept, ...(type === undefined ? {} : { type }) };
}

/** Of all the cluster's ConfigMaps, the authorities; the others are of no use. */
export function trimmedAuthorities({ apiVersion, kind, data, metadata }: ConfigMap): ConfigMap | undefined {
  const authorities = data?.["ca.crt"];
  if (authorities === undefined) return undefined;
  return { apiVersion, kind, metadata: identity({ metadata }), data: { "ca.crt": authorities } };
}

/** As much of the metadata as tells one object, and one version of it, from another. */
function identity({ metadata }: Pick<KubernetesObject, "metadata">): ObjectMeta {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { name, ...withoutUndefined({ namespace, uid, resourceVersion }) };
}

function keptAnnotations(annotations: Readonly<Record<string, string>> | undefined) {
  if (annotations === undefined) return {};
  const { [LAST_APPLIED]: _, ...rest } = annotations;
  return { annotations: rest };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
