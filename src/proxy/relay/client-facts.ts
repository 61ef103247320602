/**
 * Who a connection's client is: the other end of its socket, or whom a trusted PROXY header names. Plain data and its making.
 */
import type net from "node:net";
import type { ConnectionEnds, HeaderFields, ProxyHeader } from "../proxy-protocol/header.ts";

export interface ClientFacts extends ConnectionEnds {
  /** What else the header said. */
  readonly fields: HeaderFields;
}

/** The address of an end that is gone already. */
const UNKNOWN_ADDRESS = "unknown";
const NO_FIELDS: HeaderFields = {};

export function factsOfSocket(socket: net.Socket): ClientFacts {
  const { remoteAddress = UNKNOWN_ADDRESS, remotePort = 0 } = socket;
  return {
    source: { address: remoteAddress, port: remotePort },
    // A system call, and few connections need it.
    get destination() {
      return { address: socket.localAddress ?? UNKNOWN_ADDRESS, port: socket.localPort ?? 0 };
    },
    fields: NO_FIELDS,
  };
}

/** `own`: of the connection that the header came by. */
export function factsOfHeader(header: ProxyHeader, own: ClientFacts): ClientFacts {
  switch (header.command) {
    case "proxy":
      return { source: header.source, destination: header.destination, fields: header.fields };
    case "unknown":
      return { ...own, fields: header.fields };
    case "local":
      return own;
  }
}
