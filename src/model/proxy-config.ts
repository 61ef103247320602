/**
 * The configuration of one Gateway's proxies: what the translator makes, the stream carries and the data plane applies.
 *
 * It is a set of small resources, each with a key and a version (a hash of its content), so that one changed endpoint
 * is one small message whatever the size of the rest. Plain data: no resource names a Kubernetes object that the
 * proxy would have to look up.
 */
import type { Cause } from "./cause.ts";
import type { ExternalHostsResource } from "./external-hosts.ts";
import type { BackendTraffic, ClientTraffic, SettingsResource } from "./traffic.ts";

/** A frontend port of the proxies, and the server names it answers to. All listeners of a port speak one way: see `PortKind`. */
export type ListenerResource = {
  readonly kind: "listener";
  /**
   * Unique within a Gateway: `<namespace>/<gateway>/<listener name>`, or `ListenerSet/<namespace>/<set>/<listener name>`.
   */
  readonly name: string;
  /** TCP port to bind, 1–65535. Several listeners may share one. */
  readonly port: number;
  /** Absent: every client is taken, none sends a PROXY header, and the time-outs are those of all listeners. */
  readonly client?: ClientTraffic;
} & (
  | { readonly protocol: "TLS"; readonly hostname?: ListenerHostname; readonly tls: PassthroughTls | TerminateTls }
  /** Decrypted, and every request answered 503: HTTP is not routed. */
  | { readonly protocol: "HTTPS"; readonly hostname?: ListenerHostname; readonly tls: TerminateTls }
  /** Every request is answered 503: HTTP is not routed. */
  | { readonly protocol: "HTTP"; readonly hostname?: ListenerHostname }
  /** The only listener of its port: every connection goes to its one route. */
  | { readonly protocol: "TCP" }
);

/** Lower case: exact or `*.suffix`. Absent: every server name, and connections without one. */
type ListenerHostname = string;

/** What the first bytes of a port's connections are: TLS and HTTPS listeners may share one, others may not. */
export type PortKind = "TLS" | "HTTP" | "TCP";

export interface PassthroughTls {
  readonly mode: "Passthrough";
}

export interface TerminateTls {
  readonly mode: "Terminate";
  /** Names of CertificateResources, at least one: the first that fits the server name is shown, else the first. */
  readonly certificates: readonly string[];
  /** Clients must (or may) show a certificate (GEP-91). */
  readonly clientValidation?: ClientValidation;
  /** Name of the CertificateResource to show to backends that are connected to by TLS (GEP-3155). */
  readonly backendCertificate?: string;
}

export interface ClientValidation {
  /** Names of AuthoritiesResources, at least one. */
  readonly authorities: readonly string[];
  readonly mode: "AllowValidOnly" | "AllowInsecureFallback";
}

/** A certificate chain with its private key: it lives in memory only and appears in no log. */
export interface CertificateResource {
  readonly kind: "certificate";
  /** `<namespace>/<secret>`. */
  readonly name: string;
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
}

/** Certificates of authorities that are trusted. */
export interface AuthoritiesResource {
  readonly kind: "authorities";
  /** `<namespace>/<configmap>`. */
  readonly name: string;
  /** PEM, one or more. */
  readonly certificates: string;
}

/** A route and where it is attached. */
export interface RouteResource {
  readonly kind: "route";
  /** `<kind>/<namespace>/<name>`: `TLSRoute/default/shop`. */
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
   * every server name and none (always so on a TCP listener). Within a listener no hostname belongs to two routes: the translator has decided.
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
  /** How to encrypt what a Terminate listener has decrypted; absent: not at all. Other connections are passed on as they are. */
  readonly tls?: BackendTls;
  /** Absent: endpoints in turn, none of them watched, and nothing sent before the client's first byte. */
  readonly traffic?: BackendTraffic;
}

/** From a BackendTLSPolicy or an XBackend (GEP-1897). */
export type BackendTls =
  | {
      readonly type: "verified";
      /** Sent as SNI, lower case; verified too unless there are `subjectAltNames`. */
      readonly serverName: string;
      /** If any: the backend's certificate must hold one of these. */
      readonly subjectAltNames: readonly { readonly type: "Hostname" | "URI"; readonly value: string }[];
      /** Names of AuthoritiesResources, or the system's authorities. */
      readonly authorities: "system" | readonly string[];
      /** Name of a CertificateResource; instead of the listener's. */
      readonly certificate?: string;
    }
  /** What was asked for cannot be done; a connection is refused rather than sent unverified. */
  | { readonly type: "invalid"; readonly reason: string };

export type BackendTarget =
  /** Pods behind a Service port; the addresses are in the EndpointsResource of that name. */
  | { readonly type: "endpoints"; readonly endpoints: string }
  /** A host outside the cluster, resolved by the proxy. */
  | { readonly type: "external"; readonly host: string; readonly port: number }
  /** A reference that cannot be used: its share of the connections is refused with this reason. */
  | { readonly type: "invalid"; readonly reason: InvalidBackendReason };

/** The same words as the route's ResolvedRefs condition (Gateway API RouteConditionReason). */
export type InvalidBackendReason = "RefNotPermitted" | "InvalidKind" | "BackendNotFound" | "UnsupportedProtocol";

/**
 * Name of the EndpointsResource that lists the addresses at which clients reach the Gateway: Pods, Service addresses, load balancers.
 * No backend refers to it. A proxy does not connect to these endpoints, because the connection would return to it. An unspecified
 * address (0.0.0.0, ::) means the proxy's own node, and its port is a node port. It is an EndpointsResource and not a new kind, so
 * that an older proxy accepts and ignores it. A new kind would make it reject every configuration.
 */
export const GATEWAY_ADDRESSES = "gateway-addresses";

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

export type Resource =
  | SettingsResource
  | ExternalHostsResource
  | ListenerResource
  | RouteResource
  | BackendResource
  | EndpointsResource
  | CertificateResource
  | AuthoritiesResource;

/** `<kind>:<name>`. */
export type ResourceKey = string;

/** A resource with the hash of its JSON: equal versions mean equal content. */
export interface VersionedResource {
  readonly version: string;
  readonly resource: Resource;
}

/** The whole configuration of a Gateway: what its proxies must be. */
export interface ProxyConfig {
  /** The sum of all versions: equal revisions mean equal configurations. */
  readonly revision: string;
  readonly resources: ReadonlyMap<ResourceKey, VersionedResource>;
}

/** What leads from one configuration to the next. */
export interface ConfigDelta {
  /** The revision after this delta. */
  readonly revision: string;
  readonly upserts: ReadonlyMap<ResourceKey, VersionedResource>;
  readonly removals: readonly ResourceKey[];
  /** For the log; absent where nobody says, as without an operator. */
  readonly cause?: Cause;
}
