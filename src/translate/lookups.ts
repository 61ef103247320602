/**
 * What the rules may ask about a snapshot besides the object they judge. Every rule gets its knowledge through these
 * questions and no other way, so that the answers it depended on are known and its result can be kept while they stay the
 * same. Answers are references into the snapshot; nothing changes them.
 */
import {
  type BackendTlsPolicy,
  type ConfigMap,
  type EndpointSlice,
  type Namespace,
  objectKey,
  type ReferenceGrant,
  type Secret,
  type Service,
  serviceKey,
  type XBackend,
} from "../gateway-api/objects.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { groupIndex, uniqueIndex } from "./incremental/stable.ts";

/** Keys are `namespace/name`. Lists are empty where there is nothing. */
export interface Lookups {
  namespace(name: string): Namespace | undefined;
  service(key: string): Service | undefined;
  /** The EndpointSlices of a Service. */
  endpointSlices(service: string): readonly EndpointSlice[];
  /** The ReferenceGrants in the namespace that grants. */
  grants(namespace: string): readonly ReferenceGrant[];
  secret(key: string): Secret | undefined;
  configMap(key: string): ConfigMap | undefined;
  /** The BackendTLSPolicies that target a Service, whichever of its ports. */
  policiesOf(service: string): readonly BackendTlsPolicy[];
  xBackend(key: string): XBackend | undefined;
  /** Does the cluster lack this kind of Gateway API? */
  isAbsent(kind: string): boolean;
}

/** Indexes a snapshot. What has not changed since the last one keeps its index, and its answers their identity. */
export class Indexer {
  readonly #namespaces = uniqueIndex<Namespace>(objectKey);
  readonly #services = uniqueIndex<Service>(objectKey);
  readonly #endpointSlices = groupIndex<EndpointSlice>((slice) => [serviceKey(slice)]);
  readonly #grants = groupIndex<ReferenceGrant>(({ metadata }) => [metadata.namespace ?? ""]);
  readonly #secrets = uniqueIndex<Secret>(objectKey);
  readonly #configMaps = uniqueIndex<ConfigMap>(objectKey);
  readonly #policies = groupIndex<BackendTlsPolicy>(targetServices);
  readonly #xBackends = uniqueIndex<XBackend>(objectKey);

  index(snapshot: Snapshot): Lookups {
    const namespaces = this.#namespaces.of(snapshot.namespaces);
    const services = this.#services.of(snapshot.services);
    const endpointSlices = this.#endpointSlices.of(snapshot.endpointSlices);
    const grants = this.#grants.of(snapshot.referenceGrants);
    const secrets = this.#secrets.of(snapshot.secrets);
    const configMaps = this.#configMaps.of(snapshot.configMaps);
    const policies = this.#policies.of(snapshot.backendTlsPolicies);
    const xBackends = this.#xBackends.of(snapshot.xBackends);
    return {
      namespace: (name) => namespaces.get(name),
      service: (key) => services.get(key),
      endpointSlices: (service) => endpointSlices.get(service) ?? NONE,
      grants: (namespace) => grants.get(namespace) ?? NONE,
      secret: (key) => secrets.get(key),
      configMap: (key) => configMaps.get(key),
      policiesOf: (service) => policies.get(service) ?? NONE,
      xBackend: (key) => xBackends.get(key),
      isAbsent: (kind) => snapshot.absentKinds.has(kind),
    };
  }
}

/** One array for all empty answers, so that they are equal. */
const NONE: readonly never[] = [];

function targetServices({ metadata, spec }: BackendTlsPolicy): ReadonlySet<string> {
  const services = (spec.targetRefs ?? []).filter(({ group = "", kind }) => group === "" && kind === "Service");
  return new Set(services.map(({ name }) => `${metadata.namespace}/${name}`));
}
