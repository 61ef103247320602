/**
 * The informers of the operator: every kind that a snapshot holds or that is provisioned for a Gateway. It chooses what is
 * watched, at which version and what is kept of it; how is the informer's business.
 */
import type { GatewayParameters } from "../../gateway-api/gateway-parameters.ts";
import type {
  BackendTlsPolicy,
  ConfigMap,
  EndpointSlice,
  Gateway,
  GatewayClass,
  HttpRoute,
  KubernetesObject,
  ListenerSet,
  Namespace,
  ReferenceGrant,
  Secret,
  Service,
  TcpRoute,
  TlsRoute,
  XBackend,
} from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import { APP_LABEL, APP_LABEL_VALUE, DEFAULT_INSTALLATION, type Installation } from "../../model/identity.ts";
import type { Logger } from "../../model/log.ts";
import { ALL_NAMESPACES } from "../../model/namespace-scope.ts";
import type { InstalledBundle } from "../kube/bundle.ts";
import type { KubeClient } from "../kube/client.ts";
import { isCrdServed } from "../kube/crd.ts";
import type { Discovery, GroupKind } from "../kube/discovery.ts";
import {
  AUTOSCALERS,
  CONFIG_MAPS,
  DEPLOYMENTS,
  DISRUPTION_BUDGETS,
  ENDPOINT_SLICES,
  GATEWAY_API_KINDS,
  GATEWAY_PARAMETERS,
  NAMESPACES,
  NETWORK_POLICIES,
  type ResourceType,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from "../kube/resource.ts";
import { Informer, type InformerOptions } from "./informer.ts";
import { InformerSet } from "./informer-set.ts";
import { isSameToTranslator } from "./judged.ts";
import { ScopedInformer } from "./scoped-informer.ts";
import {
  trimmed,
  trimmedAuthorities,
  trimmedFor,
  trimmedHttpRoute,
  trimmedNamespace,
  trimmedSecret,
  trimmedSlice,
} from "./trim.ts";

export interface OperatorInformersOptions {
  readonly installation?: Installation;
  /** Namespaces in which objects are read; undefined: all. Kinds without a namespace are always read. */
  readonly watchNamespaces?: ReadonlySet<string> | undefined;
  readonly client: KubeClient;
  readonly discovery: Discovery;
  /** Refreshed whenever GatewayClass is looked for: at start, at each reconnection and while it is absent. */
  readonly bundle: InstalledBundle;
  /** False: no Secret is listed or watched, and the kind counts as absent. Default true. */
  readonly terminate?: boolean;
  /** Namespaces in which Secrets and ConfigMaps are read; undefined: all. */
  readonly certificateNamespaces?: ReadonlySet<string> | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export type OperatorInformers = ReturnType<typeof createOperatorInformers>;

/** apps/v1 Deployment, as far as readiness is read. */
export interface Deployment extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** Of provisioned kinds other than Service only ours are watched: a cluster has many more. */
const OURS = { selection: { labelSelector: `${APP_LABEL}=${APP_LABEL_VALUE}` } };

/** The API server selects by type; a Secret of another type never leaves it. */
const TLS_SECRETS = { selection: { fieldSelector: "type=kubernetes.io/tls" }, transform: trimmedSecret };
/** No selector knows which have a `ca.crt`. One may hold 1 MiB: a page is 50 MiB at worst. */
const AUTHORITIES = { transform: trimmedAuthorities, pageLimit: 50 };

/**
 * Creates the informers, not started. Secrets and CA ConfigMaps are read only once `demand` names their scope. Kinds of Gateway API and
 * GatewayParameters may be absent from the cluster; the others are always served.
 */
export function createOperatorInformers(options: OperatorInformersOptions) {
  const { installation = DEFAULT_INSTALLATION } = options;
  const applied = <T extends KubernetesObject>() => ({ transform: trimmedFor<T>(installation.name) });
  return new InformerSet({
    gatewayClasses: discovered<GatewayClass>(options, GATEWAY_API_KINDS.gatewayClasses),
    gatewayParameters: watchedDiscovered<GatewayParameters>(options, GATEWAY_PARAMETERS),
    gateways: watchedDiscovered<Gateway>(options, GATEWAY_API_KINDS.gateways),
    listenerSets: watchedDiscovered<ListenerSet>(options, GATEWAY_API_KINDS.listenerSets),
    tlsRoutes: watchedDiscovered<TlsRoute>(options, GATEWAY_API_KINDS.tlsRoutes),
    tcpRoutes: watchedDiscovered<TcpRoute>(options, GATEWAY_API_KINDS.tcpRoutes),
    httpRoutes: watchedDiscovered<HttpRoute>(options, GATEWAY_API_KINDS.httpRoutes, { transform: trimmedHttpRoute }),
    backendTlsPolicies: watchedDiscovered<BackendTlsPolicy>(options, GATEWAY_API_KINDS.backendTlsPolicies),
    xBackends: watchedDiscovered<XBackend>(options, GATEWAY_API_KINDS.xBackends),
    referenceGrants: watchedDiscovered<ReferenceGrant>(options, GATEWAY_API_KINDS.referenceGrants),
    namespaces: fixed<Namespace>(options, NAMESPACES, { transform: trimmedNamespace }),
    secrets: demanded<Secret>(options, SECRETS, TLS_SECRETS, options.terminate ?? true),
    authorities: demanded<ConfigMap>(options, CONFIG_MAPS, AUTHORITIES),
    services: watched<Service>(options, SERVICES, applied()),
    endpointSlices: watched<EndpointSlice>(options, ENDPOINT_SLICES, { transform: trimmedSlice }),
    serviceAccounts: watched(options, SERVICE_ACCOUNTS, { ...OURS, ...applied() }),
    configMaps: inNamespaces(
      options,
      CONFIG_MAPS,
      { ...OURS, ...applied() },
      options.certificateNamespaces ?? options.watchNamespaces,
    ),
    deployments: watched<Deployment>(options, DEPLOYMENTS, { ...OURS, ...applied() }),
    networkPolicies: watched(options, NETWORK_POLICIES, { ...OURS, ...applied() }),
    disruptionBudgets: watched(options, DISRUPTION_BUDGETS, { ...OURS, ...applied() }),
    autoscalers: watched(options, AUTOSCALERS, { ...OURS, ...applied() }),
  });
}

type Choices<T extends KubernetesObject> = Partial<Pick<InformerOptions<T>, "selection" | "transform" | "pageLimit">>;

/** `plural`: the kind has a CRD that the operator may read. */
interface WantedKind extends GroupKind {
  readonly plural?: string;
}

function discovered<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  wanted: WantedKind,
  choices: Choices<T> = {},
): Informer<T> {
  const { discovery, bundle, client, clock, random, log, installation = DEFAULT_INSTALLATION } = options;
  const { controllerName } = installation;
  return new Informer<T>({
    ...{ client, clock, random },
    kind: wanted.kind,
    log: log.child({ component: "informer" }),
    resolve: async () => {
      if (wanted === GATEWAY_API_KINDS.gatewayClasses) await bundle.refresh();
      return discovery.resolve(wanted);
    },
    mustBeServed: async () => wanted.plural !== undefined && isCrdServed(client, `${wanted.plural}.${wanted.group}`),
    onNotFound: () => discovery.invalidate(),
    transform: trimmed,
    isSameToJudge: (before, now) => isSameToTranslator(controllerName, before, now),
    ...choices,
  });
}

function fixed<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  type: ResourceType,
  choices: Choices<T> = {},
): Informer<T> {
  const { client, clock, random, log } = options;
  return new Informer<T>({
    ...{ client, clock, random },
    kind: type.kind,
    log: log.child({ component: "informer" }),
    resolve: async () => type,
    transform: trimmed,
    ...choices,
  });
}

/** Creates an informer for a kind with a namespace: in the watched namespaces, or in all. */
function watchedDiscovered<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  wanted: WantedKind,
  choices: Choices<T> = {},
): Informer<T> | ScopedInformer<T> {
  return inWatchedNamespaces(options, wanted.kind, choices, (scoped) => discovered<T>(options, wanted, scoped));
}

function watched<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  type: ResourceType,
  choices: Choices<T> = {},
): Informer<T> | ScopedInformer<T> {
  return inWatchedNamespaces(options, type.kind, choices, (scoped) => fixed<T>(options, type, scoped));
}

function inWatchedNamespaces<T extends KubernetesObject>(
  { watchNamespaces, clock }: OperatorInformersOptions,
  kind: string,
  choices: Choices<T>,
  create: (choices: Choices<T>) => Informer<T>,
): Informer<T> | ScopedInformer<T> {
  if (watchNamespaces === undefined) return create(choices);
  const createInformer = (namespace: string | undefined) =>
    create({ ...choices, selection: { ...choices.selection, ...(namespace !== undefined && { namespace }) } });
  return new ScopedInformer<T>({ kind, clock, required: [...watchNamespaces], createInformer });
}

/**
 * Creates an informer that reads these namespaces from its start; undefined: all. It starts without the right to: the applier reads an
 * object that is not cached before it writes it, and a cache without objects deletes none.
 */
function inNamespaces<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  type: ResourceType,
  choices: Choices<T>,
  namespaces: ReadonlySet<string> | undefined,
): ScopedInformer<T> {
  const required = namespaces === undefined ? [ALL_NAMESPACES] : [...namespaces];
  return new ScopedInformer({ ...scoped(options, type, choices), idleType: type, required, startsWithoutRight: true });
}

/** Creates an informer that reads a namespace only on demand. `isServed` false: the kind counts as not served and is never read. */
function demanded<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  type: ResourceType,
  choices: Choices<T>,
  isServed = true,
): ScopedInformer<T> {
  return new ScopedInformer({ ...scoped(options, type, choices), idleType: isServed ? type : undefined, required: [] });
}

function scoped<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  type: ResourceType,
  { selection, ...choices }: Choices<T>,
) {
  return {
    kind: type.kind,
    clock: options.clock,
    createInformer: (namespace: string | undefined) => {
      const inNamespace = namespace === undefined ? selection : { ...selection, namespace };
      return fixed<T>(options, type, { ...choices, ...(inNamespace !== undefined && { selection: inNamespace }) });
    },
  };
}
