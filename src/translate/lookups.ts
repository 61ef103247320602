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

export function createLookups(snapshot: Snapshot): Lookups {
  const namespaces = byKey(snapshot.namespaces);
  const services = byKey(snapshot.services);
  const endpointSlices = Map.groupBy(snapshot.endpointSlices, serviceKey);
  const grants = Map.groupBy(snapshot.referenceGrants, (grant) => grant.metadata.namespace ?? "");
  const secrets = byKey(snapshot.secrets);
  const configMaps = byKey(snapshot.configMaps);
  const policies = policiesByService(snapshot.backendTlsPolicies);
  const xBackends = byKey(snapshot.xBackends);
  return {
    namespace: (name) => namespaces.get(name),
    service: (key) => services.get(key),
    endpointSlices: (service) => endpointSlices.get(service) ?? [],
    grants: (namespace) => grants.get(namespace) ?? [],
    secret: (key) => secrets.get(key),
    configMap: (key) => configMaps.get(key),
    policiesOf: (service) => policies.get(service) ?? [],
    xBackend: (key) => xBackends.get(key),
    isAbsent: (kind) => snapshot.absentKinds.has(kind),
  };
}

function byKey<T extends Parameters<typeof objectKey>[0]>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [objectKey(object), object]));
}

function policiesByService(all: readonly BackendTlsPolicy[]): ReadonlyMap<string, readonly BackendTlsPolicy[]> {
  const found = new Map<string, BackendTlsPolicy[]>();
  for (const policy of all) {
    for (const { group = "", kind, name } of policy.spec.targetRefs ?? []) {
      if (group !== "" || kind !== "Service") continue;
      const key = `${policy.metadata.namespace}/${name}`;
      const list = found.get(key) ?? [];
      found.set(key, list);
      if (!list.includes(policy)) list.push(policy);
    }
  }
  return found;
}
