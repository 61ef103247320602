/**
 * What an onlooker may know of connections that are open, and of the parts of an engine that hold them. Plain data, which also goes
 * from one thread to another and into the JSON of the admin port.
 */
import type { DecisionPath } from "../route/decide.ts";

/** How far a connection has come. */
export const CONNECTION_STATES = {
  reading_proxy_header: "its PROXY header is not complete",
  reading_hello: "its ClientHello is not complete",
  deciding: "its client and server name are known, and where it goes is being decided: DNS may be asked",
  handshaking: "TLS with the client is being negotiated",
  reading_request: "on a port for HTTP: its request is not complete",
  connecting: "an endpoint is being connected to, by TLS if need be",
  relaying: "both sides may send",
  half_closed: "one side has sent all it had",
  closing: "it has ended, and its line is written: its sockets are not closed yet",
} as const;

export type ConnectionState = keyof typeof CONNECTION_STATES;

export interface OpenConnection {
  readonly state: ConnectionState;
  /** Port of the listener. */
  readonly port: number;
  /** `address:port`; of whom the PROXY header names, if one did. */
  readonly clientAddress: string;
  readonly serverName?: string;
  readonly path: DecisionPath;
  /** `address:port`; absent: none has answered yet. */
  readonly endpoint?: string;
  readonly ageMs: number;
  /** From client to backend, until now. */
  readonly bytesIn: number;
  /** From backend to client, until now. */
  readonly bytesOut: number;
}

/** Which connections somebody wants to see. */
export interface ConnectionWish {
  /** At most so many. */
  readonly limit: number;
  /** Those with this server name alone. */
  readonly serverName?: string;
}

/** What one part of an engine, such as a thread, has. */
export interface EnginePart {
  readonly name: string;
  /** Connections that are open. */
  readonly active: number;
  /** Pipes for splicing, in use or not. */
  readonly pipes?: number;
  /** File descriptors in its care. */
  readonly descriptors?: number;
  /** It has not answered in time: the rest is not known. */
  readonly isSilent?: true;
}

/** In no particular order. */
export interface ConnectionsSeen {
  readonly connections: readonly OpenConnection[];
  /** How many there are that fit the wish. */
  readonly matching: number;
}

export interface EngineView extends ConnectionsSeen {
  readonly parts: readonly EnginePart[];
}

/** Of what is open, at most what is wished for. `look` is called for no more than these. */
export function see(
  open: Iterable<{ readonly serverName: string | undefined; look(): OpenConnection }>,
  { limit, serverName }: ConnectionWish,
): ConnectionsSeen {
  const connections: OpenConnection[] = [];
  let matching = 0;
  for (const one of open) {
    if (serverName !== undefined && one.serverName !== serverName) continue;
    matching++;
    if (connections.length < limit) connections.push(one.look());
  }
  return { connections, matching };
}
