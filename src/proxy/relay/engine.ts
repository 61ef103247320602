/**
 * What moves bytes, seen from the rest of the proxy. An engine accepts by itself, finds the ClientHello, asks its host
 * what to do, dials, relays, and tells how each connection ended.
 *
 * Engines differ in how bytes move and in nothing that can be observed: one suite of tests runs against each.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { BindFailure } from "../../model/proxy-report.ts";
import type { DecisionPath } from "../route/decide.ts";
import type { ClientHello } from "../tls/client-hello.ts";

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

/** What to do with a connection. */
export type ConnectionPlan = { readonly path: DecisionPath } & (
  | {
      readonly action: "dial";
      /** In the order to try them; at least one. */
      readonly candidates: readonly Endpoint[];
      /** Race: begin the next attempt before the one before has failed, as for the addresses of one host (RFC 8305). */
      readonly race: boolean;
    }
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
  /** `address:port`. */
  readonly clientAddress: string;
  readonly hello?: ClientHello;
  /** `address:port` of the endpoint that answered, or that was tried last. */
  readonly endpoint?: string;
  /** Bytes from client to backend. */
  readonly bytesIn: number;
  /** Bytes from backend to client. */
  readonly bytesOut: number;
  readonly durationMs: number;
  /** From accepting to the complete ClientHello. */
  readonly helloMs?: number;
  /** From the first attempt to the connection with the backend. */
  readonly connectMs?: number;
}

export interface EngineHost {
  plan(port: number, hello: ClientHello): Promise<ConnectionPlan>;
  opened(): void;
  /** Called exactly once for each `opened()`. */
  ended(record: ConnectionRecord): void;
}

export interface DrainResult {
  /** Connections that ended by themselves. */
  readonly ended: number;
  /** Connections that were cut at the deadline. */
  readonly cut: number;
}

export interface Engine {
  listen(at: ListenAddress): Promise<ListenResult>;
  readonly activeConnections: number;
  /** Waits for the connections to end, cuts those that have not after `deadlineMs`. The caller has closed the ports. */
  drain(deadlineMs: number): Promise<DrainResult>;
  /** Cuts every connection, stops timers. */
  close(): Promise<void>;
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export function formatAddress(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
