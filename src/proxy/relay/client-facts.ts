/**
 * Who a connection's client is: the other end of its socket, or whom a trusted PROXY header names. Plain data and its making.
 */
import type net from "node:net";
import type { ConnectionEnds, HeaderFields, ProxyHeader, SocketEnd } from "../proxy-protocol/header.ts";

export interface ClientFacts extends ConnectionEnds {
  /** What else the header said. */
  readonly fields: HeaderFields;
}

/** The address of an end that is gone already. */
const UNKNOWN_ADDRESS = "unknown";
const NO_FIELDS: HeaderFields = {};

/** Those of the connection itself. Each end is a system call, which few connections need; asked for too late, it is unknown. */
export class SocketFacts implements ClientFacts {
  readonly fields = NO_FIELDS;
  readonly #socket: net.Socket;
  #source: SocketEnd | undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  get source(): SocketEnd {
    this.#source ??= {
      address: this.#socket.remoteAddress ?? UNKNOWN_ADDRESS,
      port: this.#socket.remotePort ?? 0,
    };
    return this.#source;
  }

  get destination(): SocketEnd {
    return { address: this.#socket.localAddress ?? UNKNOWN_ADDRESS, port: this.#socket.localPort ?? 0 };
  }
}

/** `own`: of the connection that the header came by. */
export function factsOfHeader(header: ProxyHeader, own: ClientFacts): ClientFacts {
  switch (header.command) {
    case "proxy":
      return { source: header.source, destination: header.destination, fields: header.fields };
    case "unknown":
      return { source: own.source, destination: own.destination, fields: header.fields };
    case "local":
      return own;
  }
}
