/**
 * What the first bytes of a port's connections are, so that the data plane knows how to read them before any listener is
 * chosen. Pure; the table keeps the index and refuses ports of two kinds.
 */
import type { ListenerResource, PortKind } from "../../model/proxy-config.ts";
import type { AcceptedProxyProtocol } from "../../model/traffic.ts";
import type { RouteTable } from "./route-table.ts";

/** Undefined: no listener has this port. */
export function portKind(table: RouteTable, port: number): PortKind | undefined {
  return table.ports.get(String(port))?.kind;
}

/** PROXY headers that connections of this port may or must begin with; undefined: none. */
export function acceptedProxyProtocol(table: RouteTable, port: number): AcceptedProxyProtocol | undefined {
  return table.ports.get(String(port))?.proxyProtocol;
}

export function portKindOf({ protocol }: ListenerResource): PortKind {
  switch (protocol) {
    case "TLS":
    case "HTTPS":
      return "TLS";
    case "HTTP":
    case "TCP":
      return protocol;
  }
}
