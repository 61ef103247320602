/**
 * What the caches keep of an object: all that is read, none of what only costs memory. Pure; objects come fresh from
 * JSON and are copied where they change.
 */
import {
  type ConfigMap,
  type EndpointSlice,
  type HttpRoute,
  type KubernetesObject,
  type Namespace,
  type ObjectMeta,
  SERVICE_NAME_LABEL,
  type Secret,
} from "../../gateway-api/objects.ts";

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

/**
 * Drops managedFields, labels and annotations: some two thirds of a typical object, and up to 256 KiB of annotations that whoever may
 * write the object can add to each.
 */
export function trimmed<T extends KubernetesObject>(object: T): T {
  const { managedFields: _, annotations: __, labels: ___, ...metadata } = (object as ManagedObject).metadata;
  return { ...object, metadata };
}

/** As `trimmed`, but keeps the labels, which selectors of namespaces compare. */
export function trimmedNamespace(namespace: Namespace): Namespace {
  const { labels } = namespace.metadata;
  const kept = trimmed(namespace);
  return labels === undefined ? kept : { ...kept, metadata: { ...kept.metadata, labels } };
}

/** As `trimmed`, but keeps what `manager` applied, for the applier to compare with. */
export function trimmedFor<T extends KubernetesObject>(manager: string): (object: T) => T {
  return (object) => {
    const { managedFields = [], labels, annotations } = (object as ManagedObject).metadata;
    const own = managedFields.filter((entry) => entry.manager === manager && entry.operation === "Apply");
    const kept = trimmed(object);
    if (own.length === 0) return kept;
    const metadata = {
      ...kept.metadata,
      ...withoutUndefined({
        labels: ownEntries(labels, own, "f:labels"),
        annotations: ownEntries(annotations, own, "f:annotations"),
      }),
      managedFields: own,
    };
    return { ...kept, metadata };
  };
}

/** The entries that a field set (`fieldsV1`) names. */
function ownEntries(
  entries: Readonly<Record<string, string>> | undefined,
  own: readonly ManagedFieldsEntry[],
  field: "f:labels" | "f:annotations",
): Readonly<Record<string, string>> | undefined {
  if (entries === undefined) return undefined;
  const sets = own.map(({ fieldsV1 }) => (fieldsV1 as OwnMetadata | undefined)?.["f:metadata"]?.[field] ?? {});
  return Object.fromEntries(Object.entries(entries).filter(([name]) => sets.some((set) => `f:${name}` in set)));
}

/** A part of `fieldsV1`, the structured-merge-diff v4 format. */
interface OwnMetadata {
  readonly "f:metadata"?: { readonly [field in "f:labels" | "f:annotations"]?: Readonly<Record<string, unknown>> };
}

/** There may be tens of thousands: only addresses, ports and the Service's name matter. */
export function trimmedSlice(slice: EndpointSlice): EndpointSlice {
  const service = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return {
    apiVersion: slice.apiVersion,
    kind: slice.kind,
    metadata: { ...identity(slice), ...(service !== undefined && { labels: { [SERVICE_NAME_LABEL]: service } }) },
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

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
