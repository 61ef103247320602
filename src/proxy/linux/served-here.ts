/**
 * What the workers of the linux engine serve by themselves: connections that are passed on as they are, where nobody asks for
 * more. The others they hand over to the portable engine. Pure: whatever the workers do not know how to do is to be named here, and
 * is served all the same.
 */
import type { Prospect } from "../route/prospect.ts";
import { findSettings, type RouteTable } from "../route/route-table.ts";

/**
 * Ports whose connections are handed over as they are accepted, before a byte is read: caps and time-outs of all hold from accepting
 * on, a PROXY header comes before the ClientHello, and of HTTP nothing is ours to read.
 */
export function handedOverPorts(table: RouteTable): ReadonlySet<number> {
  const listeners = [...table.listeners.values()].map(({ resource }) => resource);
  const hasSettings = findSettings(table) !== undefined;
  const unread = listeners.filter(({ client, protocol }) => hasSettings || client !== undefined || protocol === "HTTP");
  return new Set(unread.map(({ port }) => port));
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
