/**
 * What the rules may ask about a snapshot besides the object they judge. Every rule gets its knowledge through these
 * questions and no other way, so that the answers it depended on are known and its result can be kept while they stay the
 * same. Answers are references into the snapshot; nothing changes them.
 */
import type { GatewayParameters } from "../gateway-api/gateway-parameters.ts";
import {
  type BackendTlsPolicy,
  type ConfigMap,
  type EndpointSlice,
  type Namespace,
  namespaceOf,
  objectKey,
  type ReferenceGrant,
  type Secret,
  type Service,
  serviceKey,
  type XBackend,
} from "../gateway-api/objects.ts";
import { DEFAULT_EXTERNAL_HOSTS, type ExternalHostsPolicy } from "../model/external-hosts.ts";
import type { Snapshot, UnreadableScopes } from "../model/snapshot.ts";
import { CertificateReader } from "./certificates/reader.ts";
import type { ReferencedKind } from "./certificates/unread.ts";
import { GroupIndex } from "./incremental/group-index.ts";

/** What the rules are given: answers, and what reads the objects in them. */
export interface Lookups extends Answers {
  readonly certificates: CertificateReader;
}

/** Keys are `namespace/name`. Lists are empty where there is nothing. */
interface Answers {
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
  parameters(key: string): GatewayParameters | undefined;
  xBackend(key: string): XBackend | undefined;
  /** Namespaces in which objects of this kind (Secret or ConfigMap) are read; undefined: all. */
  readNamespaces(kind: string): ReadonlySet<string> | undefined;
  /** Scopes in which the operator has no right to read objects of this kind (Secret or ConfigMap). */
  unreadableScopes(kind: string): ReadonlySet<string>;
  /** Is this kind not seen, as the cluster does not serve it or we are not to read it? */
  isAbsent(kind: string): boolean;
  /** One policy for all hosts; `scope` is always `CLUSTER`. */
  externalHosts(scope: string): ExternalHostsPolicy;
}

/** Key of a lookup with one result for the whole cluster. */
export const CLUSTER = "";

export type Question = keyof Answers;

/** The keys under which a question is answered otherwise than in the snapshot before. */
export type Changes = readonly (readonly [Question, Iterable<string>])[];

const REFERENCED_KINDS: readonly ReferencedKind[] = ["Secret", "ConfigMap"];
const ALL_READABLE: UnreadableScopes = { Secret: new Set(), ConfigMap: new Set() };

/** Indexes one snapshot after another. */
export class Indexer {
  readonly #namespaces = new GroupIndex<Namespace>(byName);
  readonly #services = new GroupIndex<Service>(byName);
  readonly #endpointSlices = new GroupIndex<EndpointSlice>((slice) => [serviceKey(slice)]);
  readonly #grants = new GroupIndex<ReferenceGrant>((grant) => [namespaceOf(grant)]);
  readonly #secrets = new GroupIndex<Secret>(byName);
  readonly #configMaps = new GroupIndex<ConfigMap>(byName);
  readonly #policies = new GroupIndex<BackendTlsPolicy>(targetServices);
  readonly #xBackends = new GroupIndex<XBackend>(byName);
  readonly #parameters = new GroupIndex<GatewayParameters>(byName);
  #absentKinds: ReadonlySet<string> = new Set();
  #certificateNamespaces: ReadonlySet<string> | undefined;
  #unreadable = ALL_READABLE;
  #externalHosts = DEFAULT_EXTERNAL_HOSTS;

  /** The answers always speak of the last snapshot taken. */
  readonly lookups: Lookups = {
    namespace: (name) => this.#namespaces.get(name)?.[0],
    service: (key) => this.#services.get(key)?.[0],
    endpointSlices: (service) => this.#endpointSlices.get(service) ?? [],
    grants: (namespace) => this.#grants.get(namespace) ?? [],
    secret: (key) => this.#secrets.get(key)?.[0],
    configMap: (key) => this.#configMaps.get(key)?.[0],
    policiesOf: (service) => this.#policies.get(service) ?? [],
    parameters: (key) => this.#parameters.get(key)?.[0],
    xBackend: (key) => this.#xBackends.get(key)?.[0],
    readNamespaces: () => this.#certificateNamespaces,
    unreadableScopes: (kind) => (kind === "Secret" ? this.#unreadable.Secret : this.#unreadable.ConfigMap),
    isAbsent: (kind) => this.#absentKinds.has(kind),
    externalHosts: () => this.#externalHosts,
    certificates: new CertificateReader(),
  };

  take(snapshot: Snapshot): Changes {
    const { absentKinds, certificateNamespaces } = snapshot;
    const areNamespacesSame = certificateNamespaces === this.#certificateNamespaces;
    this.#certificateNamespaces = certificateNamespaces;
    const before = this.#absentKinds;
    const changedKinds = [...before, ...absentKinds].filter((kind) => before.has(kind) !== absentKinds.has(kind));
    this.#absentKinds = absentKinds;
    const { unreadable = ALL_READABLE } = snapshot;
    const hadUnreadable = this.#unreadable;
    this.#unreadable = unreadable;
    const { externalHosts = DEFAULT_EXTERNAL_HOSTS } = snapshot;
    const hasOtherExternalHosts = externalHosts !== this.#externalHosts;
    this.#externalHosts = externalHosts;
    return [
      ["namespace", this.#namespaces.update(snapshot.namespaces)],
      ["service", this.#services.update(snapshot.services)],
      ["endpointSlices", this.#endpointSlices.update(snapshot.endpointSlices)],
      ["grants", this.#grants.update(snapshot.referenceGrants)],
      ["secret", this.#secrets.update(snapshot.secrets)],
      ["configMap", this.#configMaps.update(snapshot.configMaps)],
      ["policiesOf", this.#policies.update(snapshot.backendTlsPolicies)],
      ["parameters", this.#parameters.update(snapshot.gatewayParameters)],
      ["xBackend", this.#xBackends.update(snapshot.xBackends)],
      ["readNamespaces", areNamespacesSame ? [] : REFERENCED_KINDS],
      ["unreadableScopes", REFERENCED_KINDS.filter((kind) => unreadable[kind] !== hadUnreadable[kind])],
      ["isAbsent", changedKinds],
      ["externalHosts", hasOtherExternalHosts ? [CLUSTER] : []],
    ];
  }
}

function byName(object: Parameters<typeof objectKey>[0]): readonly string[] {
  return [objectKey(object)];
}

function targetServices({ metadata, spec }: BackendTlsPolicy): readonly string[] {
  const services = spec.targetRefs.filter(({ group = "", kind }) => group === "" && kind === "Service");
  return [...new Set(services.map(({ name }) => `${metadata.namespace}/${name}`))];
}
