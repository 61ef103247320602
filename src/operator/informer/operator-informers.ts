/**
 * The informers of the operator: every kind that a snapshot holds or that is provisioned for a Gateway. It chooses what is
 * watched, at which version and what is kept of it; how is the informer's business.
 */
import type {
  EndpointSlice,
  Gateway,
  GatewayClass,
  KubernetesObject,
  Namespace,
  ReferenceGrant,
  Service,
  TlsRoute,
} from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import { APP_LABEL, APP_LABEL_VALUE, FIELD_MANAGER } from "../../model/identity.ts";
import type { Logger } from "../../model/log.ts";
import type { InstalledBundle } from "../kube/bundle.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Discovery, GroupKind } from "../kube/discovery.ts";
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  GATEWAY_API_KINDS,
  NAMESPACES,
  type ResourceType,
  SERVICE_ACCOUNTS,
  SERVICES,
} from "../kube/resource.ts";
import { Informer, type InformerOptions } from "./informer.ts";
import { InformerSet } from "./informer-set.ts";
import { trimmed, trimmedFor, trimmedSlice } from "./trim.ts";

export interface OperatorInformersOptions {
  readonly client: KubeClient;
  readonly discovery: Discovery;
  /** Refreshed whenever GatewayClass is looked for: at start, at each reconnection and while it is absent. */
  readonly bundle: InstalledBundle;
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

/** Not yet started. Gateway API kinds may be absent; the others are always served. */
export function createOperatorInformers(options: OperatorInformersOptions) {
  const applied = <T extends KubernetesObject>() => ({ transform: trimmedFor<T>(FIELD_MANAGER) });
  return new InformerSet({
    gatewayClasses: discovered<GatewayClass>(options, GATEWAY_API_KINDS.gatewayClasses),
    gateways: discovered<Gateway>(options, GATEWAY_API_KINDS.gateways),
    tlsRoutes: discovered<TlsRoute>(options, GATEWAY_API_KINDS.tlsRoutes),
    referenceGrants: discovered<ReferenceGrant>(options, GATEWAY_API_KINDS.referenceGrants),
    namespaces: fixed<Namespace>(options, NAMESPACES),
    services: fixed<Service>(options, SERVICES, applied()),
    endpointSlices: fixed<EndpointSlice>(options, ENDPOINT_SLICES, { transform: trimmedSlice }),
    serviceAccounts: fixed(options, SERVICE_ACCOUNTS, { ...OURS, ...applied() }),
    configMaps: fixed(options, CONFIG_MAPS, { ...OURS, ...applied() }),
    deployments: fixed<Deployment>(options, DEPLOYMENTS, { ...OURS, ...applied() }),
  });
}

type Choices<T extends KubernetesObject> = Partial<Pick<InformerOptions<T>, "selection" | "transform">>;

function discovered<T extends KubernetesObject>(options: OperatorInformersOptions, wanted: GroupKind): Informer<T> {
  const { discovery, bundle, log, ...rest } = options;
  return new Informer<T>({
    ...rest,
    kind: wanted.kind,
    log: log.child({ component: "informer" }),
    resolve: async () => {
      if (wanted === GATEWAY_API_KINDS.gatewayClasses) await bundle.refresh();
      return discovery.resolve(wanted);
    },
    onNotFound: () => discovery.invalidate(),
    transform: trimmed,
  });
}

function fixed<T extends KubernetesObject>(
  options: OperatorInformersOptions,
  type: ResourceType,
  choices: Choices<T> = {},
): Informer<T> {
  const { discovery: _discovery, bundle: _bundle, log, ...rest } = options;
  return new Informer<T>({
    ...rest,
    kind: type.kind,
    log: log.child({ component: "informer" }),
    resolve: async () => type,
    transform: trimmed,
    ...choices,
  });
}
