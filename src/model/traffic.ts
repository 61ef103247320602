/**
 * What a configuration says of connections besides where they go: who may come, how many, how long, and how a backend's endpoints
 * are used. Part of the resources in proxy-config.ts. Plain data.
 */

/** How a listener takes its clients. */
export interface ClientTraffic {
  /** Said alike by all listeners of a port: the header comes before the server name. */
  readonly proxyProtocol?: AcceptedProxyProtocol;
  /** CIDRs; absent: everyone. */
  readonly allow?: readonly string[];
  /** CIDRs; wins over `allow`. */
  readonly deny?: readonly string[];
  /** Instead of those of the SettingsResource. */
  readonly timeOuts?: RelayTimeOuts;
}

/** PROXY headers, of either version, from whoever stands between clients and us. */
export interface AcceptedProxyProtocol {
  /**
   * Required: a connection without a header, or from a peer that is not trusted, is refused. Optional: a trusted peer may send
   * one, and what others send is the client's.
   */
  readonly mode: "required" | "optional";
  /** CIDRs of the peers that are believed, at least one. */
  readonly trusted: readonly string[];
}

/** Milliseconds, each at least 1; absent: as for all. */
export interface RelayTimeOuts {
  /** Without a byte either way. */
  readonly idleMs?: number;
  /** Without a byte after one side has closed. */
  readonly halfClosedMs?: number;
  /** From accepting, whatever goes on. Absent everywhere: no bound. */
  readonly maxAgeMs?: number;
}

/** How connections are spread over a backend's endpoints, and what these get and have to prove. */
export interface BackendTraffic {
  /** Absent: RoundRobin. Of an external host this, `ejection` and `healthCheck` are absent: its addresses are DNS's. */
  readonly balance?: Balance;
  /** Say to the backend who the client is. */
  readonly proxyProtocol?: SentProxyProtocol;
  /** For one endpoint to answer a connect; absent: as for all backends. */
  readonly connectMs?: number;
  /** Leave out endpoints that fail; absent: none. */
  readonly ejection?: Ejection;
  /** Ask the endpoints; absent: not. */
  readonly healthCheck?: HealthCheck;
}

/** ConsistentHash: by the client's address (Maglev). */
export type Balance = "RoundRobin" | "LeastConnections" | "ConsistentHash";

export type SentProxyProtocol =
  | { readonly version: 1 }
  | {
      readonly version: 2;
      /** With the server name, if there is one (PP2_TYPE_AUTHORITY). */
      readonly authority: boolean;
      /** With the unique id that came with the connection, or a new one (PP2_TYPE_UNIQUE_ID). */
      readonly uniqueId: boolean;
    };

/** Passive: judged by connects alone. At most half of a backend's endpoints are left out at a time. */
export interface Ejection {
  /** Failed connects in a row, at least 1. */
  readonly consecutiveFailures: number;
  /** For the first time; the n-th time in a row n times as long. */
  readonly baseMs: number;
  readonly maxMs: number;
}

export type HealthCheck = {
  readonly intervalMs: number;
  /** For one check, from the connect on. */
  readonly timeOutMs: number;
  /** Checks in a row that must pass before an endpoint is used again. */
  readonly healthyAfter: number;
  /** Checks in a row that must fail before an endpoint is left out. */
  readonly unhealthyAfter: number;
} & (
  | { readonly type: "TCP" }
  /** The handshake must be completed. The certificate is not judged: passed-through TLS is between client and backend. */
  | { readonly type: "TLS"; readonly serverName?: string }
  /** A GET must be answered by a status of 200 to 299. */
  | { readonly type: "HTTPS"; readonly serverName: string; readonly path: string }
);

/** What holds for a Gateway's proxies as a whole, each of them for itself. At most one; absent members: as built in. */
export interface SettingsResource {
  readonly kind: "settings";
  readonly name: "proxy";
  /** Connections at a time. What descriptors and memory allow is the bound whatever is said here. */
  readonly maxConnections?: number;
  /** Connections at a time that no route has taken yet. */
  readonly maxUnrouted?: number;
  /** Connections at a time of one client: an IPv4 address, or the /64 of an IPv6 address. */
  readonly maxPerClient?: number;
  /** New connections per second, as a token bucket. */
  readonly newConnections?: { readonly perSecond: number; readonly burst: number };
  readonly timeOuts?: RelayTimeOuts & {
    /** From accepting to the complete PROXY header and ClientHello. */
    readonly clientHelloMs?: number;
    readonly connectMs?: number;
  };
  /** TCP keep-alive on both sides: the first probe after this much silence. */
  readonly keepAliveMs?: number;
  /** Instead of what the command line says. */
  readonly logging?: LoggingSettings;
}

export interface LoggingSettings {
  /** Least urgent level that is written. */
  readonly level?: "debug" | "info" | "warn" | "error";
  readonly format?: "json" | "text";
  /** Lines of refused connections a second, of each reason; 0: all. */
  readonly refusedPerSecond?: number;
}
