/**
 * Everything the translator knows: the objects of the cluster (or of YAML files) at one moment, and what runs.
 * Plain data, taken as a whole: the translator never asks for more.
 */
import type { GatewayParameters } from "../gateway-api/gateway-parameters.ts";
import type {
  BackendTlsPolicy,
  ConfigMap,
  EndpointSlice,
  Gateway,
  GatewayClass,
  HttpRoute,
  ListenerSet,
  Namespace,
  ReferenceGrant,
  Secret,
  Service,
  TcpRoute,
  TlsRoute,
  XBackend,
} from "../gateway-api/objects.ts";
import type { ExternalHostsPolicy } from "./external-hosts.ts";
import type { ProxyReport } from "./proxy-report.ts";
import type { SettingsResource } from "./traffic.ts";

export interface Snapshot {
  /** `GatewayClass.spec.controllerName` that makes an object ours. */
  readonly controllerName: string;
  readonly gatewayClasses: readonly GatewayClass[];
  readonly gatewayParameters: readonly GatewayParameters[];
  readonly gateways: readonly Gateway[];
  readonly listenerSets: readonly ListenerSet[];
  readonly tlsRoutes: readonly TlsRoute[];
  readonly tcpRoutes: readonly TcpRoute[];
  readonly httpRoutes: readonly HttpRoute[];
  readonly backendTlsPolicies: readonly BackendTlsPolicy[];
  readonly xBackends: readonly XBackend[];
  readonly referenceGrants: readonly ReferenceGrant[];
  readonly namespaces: readonly Namespace[];
  /** Those of type `kubernetes.io/tls`. */
  readonly secrets: readonly Secret[];
  /** Namespaces in which Secrets and ConfigMaps are read; undefined: all. */
  readonly certificateNamespaces?: ReadonlySet<string>;
  /** Scopes in which the operator has no right to read Secrets and ConfigMaps; undefined: none. */
  readonly unreadable?: UnreadableScopes;
  /** Those with a `ca.crt`, and of their data only that. */
  readonly configMaps: readonly ConfigMap[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  /** What a Gateway's own GatewayParameters may use. Undefined: everything, because nothing is provisioned. */
  readonly parametersPolicy?: ParametersPolicy;
  /** What is known of each Gateway's running proxies, by `namespace/name`. Absent: nothing runs yet. */
  readonly deployments: ReadonlyMap<string, ObservedDeployment>;
  /** Do a Deployment and a Service run for each Gateway? Not without a cluster. */
  readonly provisions: boolean;
  /**
   * Kinds that are not seen, whose lists above are empty: those of Gateway API or of our own that the cluster does not serve, such
   * as `XBackend`, and `Secret` where the operator is not to read any (`--terminate=false`).
   */
  readonly absentKinds: ReadonlySet<string>;
  /** Policy for hosts outside the cluster that backends name; undefined: the default policy. */
  readonly externalHosts?: ExternalHostsPolicy;
  /** Version of the installed Gateway API bundle, as its CRDs say in `gateway.networking.k8s.io/bundle-version`. */
  readonly bundleVersion?: string;
}

/** By kind: names of namespaces, or ALL_NAMESPACES. The same set until it changes. */
export interface UnreadableScopes {
  readonly Secret: ReadonlySet<string>;
  readonly ConfigMap: ReadonlySet<string>;
}

export interface ParametersPolicy {
  /** Image of the proxies whose parameters do not set one. */
  readonly proxyImage: string;
  /** Accept members that can run any program also in the parameters of a Gateway, not only of a GatewayClass. */
  readonly trustGateways: boolean;
}

/** The running side of one Gateway. */
export interface ObservedDeployment {
  /** Addresses under which clients reach it; the first is the main one. */
  readonly addresses: readonly { readonly type: "IPAddress" | "Hostname"; readonly value: string }[];
  /** Listener ports behind which at least one ready proxy stands, as the network sees it (EndpointSlice). */
  readonly readyPorts: readonly number[];
  /**
   * What the API server said when it last refused an object of this Gateway, as one sentence that names the object; absent: it has
   * refused none.
   */
  readonly refused?: string;
  /** A changed Pod template that waits for rollouts of other Gateways. Absent: none waits. */
  readonly rolloutWait?: RolloutWait;
  /**
   * Uid of the Gateway for which this controller has applied objects that still exist. It proves that this controller manages the
   * Gateway if the GatewayClass does not exist.
   */
  readonly provisionedFor?: string;
  /** Settings last published to the proxies. They remain valid while the parameters cannot be read. */
  readonly publishedSettings?: SettingsResource;
  /** The last reports of the proxies that accept connections, or of all proxies if none does. */
  readonly proxies: readonly ObservedProxy[];
  /** Number of Pods that accept connections and have not sent a report. Undefined: none. */
  readonly podsWithoutReport?: number;
}

export interface ObservedProxy extends ProxyReport {
  /** Name of the proxy's Pod; absent without a cluster. */
  readonly pod?: string;
}

/** The reason why a Gateway does not roll out its changed Pod template yet. */
export interface RolloutWait {
  /** Maximum number of Gateways that roll out at a time. */
  readonly limit: number;
  /** Gateways whose rollouts in progress take long, `namespace/name`, sorted. */
  readonly slow: readonly string[];
}
