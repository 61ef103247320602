/**
 * What moves bytes, seen from the rest of the proxy. An engine accepts by itself, finds the ClientHello, asks its host
 * what to do, decrypts, dials, encrypts, relays, and tells how each connection ended.
 *
 * Engines differ in how bytes move and in nothing that can be observed: one suite of tests runs against each.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { ConfigDelta, Endpoint, PortKind } from "../../model/proxy-config.ts";
import type { BindFailure } from "../../model/proxy-report.ts";
import type { RelayTimeOuts } from "../../model/traffic.ts";
import type { AdmissionRefusal, Ticket } from "../admit/admission.ts";
import type { HeaderExpectation } from "../admit/client-rules.ts";
import type { ConnectionShare } from "../admit/connection-shares.ts";
import type { BucketSize } from "../admit/token-bucket.ts";
import type { DialFeedback } from "../balance/feedback.ts";
import type { HostAnswer } from "../dns/resolve-host.ts";
import type { Bytes, MovedSum } from "../observe/moved-bytes.ts";
import type { ConnectionWish, EngineView } from "../observe/open-connection.ts";
import type { Tally } from "../observe/tally.ts";
import type { DecisionPath } from "../route/decide.ts";
import type { RouteTable } from "../route/route-table.ts";
import type { BackendTls } from "../terminate/backend-tls.ts";
import type { ClientTls, DecryptedFacts } from "../terminate/client-tls.ts";
import type { ClientHello } from "../tls/client-hello.ts";
import type { ClientFacts } from "./client-facts.ts";
import type { TimeOuts } from "./time-outs.ts";

export interface ListenAddress {
  /** IPv4 or IPv6 address; an IPv6 socket takes IPv6 only. */
  readonly address: string;
  readonly port: number;
}

export interface BoundSocket {
  /** Stops accepting; connections live on. Resolves when the port is free. */
  close(): Promise<void>;
}

export type ListenResult =
  | { readonly bound: BoundSocket }
  /** `address_unavailable`: this machine has no such address or address family. */
  | { readonly failed: BindFailure | "address_unavailable"; readonly message: string };

/** What to do with a connection whose beginning is known. */
export type ConnectionPlan = { readonly path: DecisionPath } & (
  | {
      readonly action: "dial";
      /** In the order to try them; at least one. */
      readonly candidates: readonly Endpoint[];
      /** Race: begin the next attempt before the one before has failed, as for the addresses of one host (RFC 8305). */
      readonly race: boolean;
      /** To be told of each attempt and of the connection's end. */
      readonly feedback?: DialFeedback;
      /** A PROXY header: to be sent to the backend before anything else, its TLS handshake included. */
      readonly prologue?: Uint8Array;
      /** The unique id in the prologue, for the log. */
      readonly uniqueId?: string;
      /** For one endpoint to answer a connect; absent: as for all. */
      readonly connectMs?: number;
      /** Instead of those for all. */
      readonly timeOuts?: RelayTimeOuts;
      /** Decrypt what the client sends before anything is dialled; absent: pass on its bytes as they are. */
      readonly decrypt?: ClientTls;
      /** Encrypt what was decrypted. */
      readonly encrypt?: BackendTls;
    }
  /** Answer its HTTP request, decrypted first if need be, by 503. */
  | { readonly action: "answer"; readonly decrypt?: ClientTls }
  | { readonly action: "refuse"; readonly reason: ConnectionReason; readonly detail?: string }
);

/** How a connection went: the source of the access log and the metrics. */
export interface ConnectionRecord {
  readonly reason: ConnectionReason;
  /** What the reason does not say: an error's message, what is wrong with a hello. Never bytes of a peer. */
  readonly detail?: string;
  readonly path: DecisionPath;
  /** Port of the listener. */
  readonly port: number;
  /** `address:port`; of whom the PROXY header names, if one did. */
  readonly clientAddress: string;
  /** `address:port` of who sent that PROXY header. */
  readonly peerAddress?: string;
  /** As sent to the backend in a PROXY header. */
  readonly uniqueId?: string;
  readonly hello?: ClientHello;
  /** `address:port` of the endpoint that answered, or that was tried last. */
  readonly endpoint?: string;
  /** Bytes from client to backend. */
  readonly bytesIn: number;
  /** Bytes from backend to client. */
  readonly bytesOut: number;
  /** Of these bytes, what `moved` has told while it was open. */
  readonly counted?: Bytes;
  readonly durationMs: number;
  /** From accepting to the complete ClientHello. */
  readonly helloMs?: number;
  /** From the first attempt to the connection with the backend, its TLS handshake included. */
  readonly connectMs?: number;
  /** Absent: it was not decrypted. */
  readonly decrypted?: DecryptedFacts;
  /** TLS version towards the backend; absent: it was not encrypted by us. */
  readonly backendTlsVersion?: string;
}

export interface EngineHost {
  /** What connections of this port begin with; undefined: the port is on its way out. */
  portKind(port: number): PortKind | undefined;
  /**
   * Admits a connection, or returns the reject reason. The ticket follows an admitted connection. `parts`: number of parts of the engine
   * that share the limit on connections without a route; undefined: one.
   */
  admit(parts?: number): AdmissionRefusal | Ticket;
  /** What a connection of this port from this peer begins with, before anything that its kind says. */
  headerExpectation(port: number, peer: ClientFacts): HeaderExpectation;
  /** Those of now: a configuration may change them. */
  timeOuts(): TimeOuts;
  /** Silence before TCP's first keep-alive probe, on both sides; undefined: as built in. */
  keepAliveMs(): number | undefined;
  /** Reports whether the endpoint is an address of this Gateway itself. Such an endpoint is not dialled. */
  isOwnEndpoint(endpoint: Endpoint): boolean;
  /** A promise only where DNS is waited for. `serverName`: asked for by the ClientHello or, on a port for HTTP, by the request. */
  plan(port: number, serverName: string | undefined, client: ClientFacts): ConnectionPlan | Promise<ConnectionPlan>;
  /** Of one connection, or as many as are said. */
  opened(count?: number): void;
  /** Called exactly once for each that was opened, unless it is told by `tallied()`. */
  ended(record: ConnectionRecord): void;
  /** Is anybody interested in single connections? If not, an engine may tell of many at once. */
  readonly wantsRecords: boolean;
  /** Whether connections with a reason of `REASONS_TO_FIX` are of interest as single ones. */
  readonly wantsFailures: boolean;
  /** Of refused ones of each reason, how many are of interest as single ones; undefined: all. */
  readonly refusedLines: BucketSize | undefined;
  tallied(tally: Tally): void;
  /** Bytes of connections that go on, since the last time. */
  moved(sums: readonly MovedSum[]): void;
}

export interface DrainResult {
  /** Connections that ended by themselves. */
  readonly ended: number;
  /** Connections that were cut at the deadline. */
  readonly cut: number;
}

export interface Engine {
  listen(at: ListenAddress): Promise<ListenResult>;
  /**
   * Follows a configuration that was accepted, before its ports are bound: `table` is what `delta` has led to. Absent: the
   * engine keeps nothing of it, and asks its host for each connection.
   */
  apply?(delta: ConfigDelta, table: RouteTable): Promise<void>;
  /** An external host of the configuration has a new answer, good or bad. Absent: see `apply`. */
  hostAnswered?(host: string, answer: HostAnswer): void;
  /** Applies the Gateway's share of the process's limits, where the engine keeps limits of its own. Open connections stay. */
  setShare(share: ConnectionShare): void;
  readonly activeConnections: number;
  /** What is open now. Parts that do not answer soon are named as silent. */
  look(wish: ConnectionWish): Promise<EngineView>;
  /** Has the host told of bytes by `moved`. Resolves when that is done, or soon all the same. */
  tellMoved(): Promise<void>;
  /** Waits for the connections to end, cuts those that have not after `deadlineMs`. The caller has closed the ports. */
  drain(deadlineMs: number): Promise<DrainResult>;
  /** Cuts every connection, stops timers. */
  close(): Promise<void>;
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export function formatAddress(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
