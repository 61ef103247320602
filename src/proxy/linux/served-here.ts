/**
 * What the workers of the linux engine serve by themselves: connections that are passed on as they are, where nobody asks for
 * more. The others they hand over to the portable engine. Pure: whatever the workers do not know how to do is to be named here, and
 * is served all the same.
 */
import type { Prospect } from "../route/prospect.ts";
import { findSettings, type RouteTable } from "../route/route-table.ts";

/** What connections of a port begin with: a ClientHello, whatever they like, or what only another engine reads. */
export type Beginning = "client_hello" | "any" | "handed_over";

/**
 * By port. Handed over as they are accepted, before a byte is read, are connections under caps and time-outs of all, which hold from
 * accepting on, those that a PROXY header may precede, and HTTP.
 */
export function beginningsOf(table: RouteTable): ReadonlyMap<number, Beginning> {
  const listeners = [...table.listeners.values()].map(({ resource }) => resource);
  const isAllHandedOver = findSettings(table) !== undefined;
  const beginnings = new Map<number, Beginning>();
  for (const { client, port, protocol } of listeners) {
    if (isAllHandedOver || client !== undefined || protocol === "HTTP") beginnings.set(port, "handed_over");
    else if (!beginnings.has(port)) beginnings.set(port, protocol === "TCP" ? "any" : "client_hello");
  }
  return beginnings;
}

/**
 * Once the server name is known. Whom nobody takes is refused, which any engine can. A policy of traffic is asked for by the route as a
 * whole: were some of its backends chosen here and some by the portable engine, their shares would not be those of their weights.
 */
export function isServedHere(prospect: Prospect): boolean {
  const { listener } = prospect;
  switch (listener?.protocol) {
    case undefined:
      return true;
    case "TCP":
      return prospect.decision !== undefined || !prospect.hasTraffic;
    case "TLS":
      return listener.tls.mode === "Passthrough" && (prospect.decision !== undefined || !prospect.hasTraffic);
    case "HTTP":
    case "HTTPS":
      return false;
  }
}

/**
 * Returns how many parts of the engine share the limit on connections without a route: the accepting workers, and the portable engine if
 * connections are handed off to it on accept. Each part has its own share, so that idle clients of one port fill one share.
 */
export function unroutedParts(table: RouteTable, workers: number): number {
  if (findSettings(table) !== undefined) return 1;
  return [...beginningsOf(table).values()].includes("handed_over") ? workers + 1 : workers;
}
