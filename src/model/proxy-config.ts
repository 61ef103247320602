/**
 * The configuration of one Gateway's proxies: what the translator makes, the stream carries and the data plane applies.
 *
 * It is a set of small resources, each with a key and a version (a hash of its content), so that one changed endpoint
 * is one small message whatever the size of the rest. Plain data: no resource names a Kubernetes object that the
 * proxy would have to look up.
 */

/** A frontend port of the proxies, and the server names it answers to. */
export interface ListenerResource {
  readonly kind: "listener";
  /** `<namespace>/<gateway>/<listener name>`; unique within a Gateway. */
  readonly name: string;
  /** TCP port to bind, 1–65535. Several listeners may share one. */
  readonly port: number;
  readonly protocol: "TLS";
  readonly mode: "Passthrough";
  /** `listener.hostname`, lower case: exact or `*.suffix`. Absent: every server name, and connections without one. */
  readonly hostname?: string;
}

/** A route and where it is attached. */
export interface RouteResource {
  readonly kind: "route";
  /** `<namespace>/<name>` of the TLSRoute. */
  readonly name: string;
  readonly attachments: readonly RouteAttachment[];
  /** Shares of the connections; the sum of weights is the whole. Empty, or all zero: every connection is refused. */
  readonly backends: readonly WeightedBackend[];
}

export interface RouteAttachment {
  /** Name of a ListenerResource. */
  readonly listener: string;
  /**
   * Effective hostnames there, already intersected with the listener's, lower case: exact, `*.suffix`, or `*` for
   * every server name and none. Within a listener no hostname belongs to two routes: the translator has decided.
   */
  readonly hostnames: readonly string[];
}

export interface WeightedBackend {
  /** Name of a BackendResource. */
  readonly backend: string;
  /** 0–1,000,000; 0 takes nothing (Gateway API, BackendRef.weight). */
  readonly weight: number;
}

/** Where a share of a route's connections goes. */
export interface BackendResource {
  readonly kind: "backend";
  readonly name: string;
  readonly target: BackendTarget;
}

export type BackendTarget =
  /** Pods behind a Service port; the addresses are in the EndpointsResource of that name. */
  | { readonly type: "endpoints"; readonly endpoints: string }
  /** A host outside the cluster, resolved by the proxy. */
  | { readonly type: "external"; readonly host: string; readonly port: number }
  /** A reference that cannot be used: its share of the connections is refused with this reason. */
  | { readonly type: "invalid"; readonly reason: InvalidBackendReason };

/** The same words as the route's ResolvedRefs condition (Gateway API RouteConditionReason). */
export type InvalidBackendReason = "RefNotPermitted" | "InvalidKind" | "BackendNotFound" | "UnsupportedProtocol";

/** Ready addresses of one Service port. It changes often, hence apart from the backend. */
export interface EndpointsResource {
  readonly kind: "endpoints";
  /** `<namespace>/<service>:<port>`. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  /** IPv4 or IPv6 address, without brackets. */
  readonly address: string;
  readonly port: number;
}

export type Resource = ListenerResource | RouteResource | BackendResource | EndpointsResource;

/** `<kind>:<name>`. */
export type ResourceKey = string;

/** A resource with the hash of its canonical JSON: equal versions mean equal content. */
export interface VersionedResource {
  readonly version: string;
  readonly resource: Resource;
}

/** The whole configuration of a Gateway: what its proxies must be. */
export interface ProxyConfig {
  /** Hash over all keys and versions: equal revisions mean equal configurations. */
  readonly revision: string;
  readonly resources: ReadonlyMap<ResourceKey, VersionedResource>;
}

/** What leads from one configuration to the next. */
export interface ConfigDelta {
  /** The revision after this delta. */
  readonly revision: string;
  readonly upserts: ReadonlyMap<ResourceKey, VersionedResource>;
  readonly removals: readonly ResourceKey[];
}
