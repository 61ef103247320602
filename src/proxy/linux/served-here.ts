/**
 * What the workers of the linux engine serve by themselves: connections that are passed on as they are, where nobody asks for
 * more. The others they hand over to the portable engine. Pure: whatever the workers do not know how to do is to be named here, and
 * is served all the same.
 */
import type { ListenerResource } from "../../model/proxy-config.ts";
import type { Decision } from "../route/decide.ts";
import { findBackend, findRoute, findSettings, type RouteTable } from "../route/route-table.ts";

export interface HandedOver {
  /** Ports whose connections are handed over as they are accepted, before a byte is read. */
  readonly unread: ReadonlySet<number>;
  /** Ports of which some listeners' connections are handed over, once their server name is known. */
  readonly byName: ReadonlySet<number>;
}

export const NOTHING_HANDED_OVER: HandedOver = { unread: new Set(), byName: new Set() };

export function handedOver(table: RouteTable): HandedOver {
  const listeners = [...table.listeners.values()].map(({ resource }) => resource);
  const foreign = listeners.filter((one) => !isServedHere(one));
  // Caps and time-outs of all hold from accepting on, a PROXY header comes before the ClientHello. What begins with that is told apart
  // by its server name; of HTTP nothing is ours to read.
  const hasSettings = findSettings(table) !== undefined;
  const unread = listeners.filter(({ client, protocol }) => hasSettings || client !== undefined || protocol === "HTTP");
  return { unread: new Set(unread.map(({ port }) => port)), byName: new Set(foreign.map(({ port }) => port)) };
}

/** Whom no listener takes is refused, which any engine can. */
export function isServedHere(listener: ListenerResource | undefined): boolean {
  switch (listener?.protocol) {
    case undefined:
    case "TCP":
      return true;
    case "TLS":
      return listener.tls.mode === "Passthrough";
    case "HTTP":
    case "HTTPS":
      return false;
  }
}

/**
 * Does a backend of the decided route ask for a policy of traffic? Asked of the route as a whole: were some of its backends chosen
 * here and some by the portable engine, their shares would not be those of their weights.
 */
export function asksForMore(table: RouteTable, decision: Decision): boolean {
  const { route: name } = decision.path;
  const route = name === undefined ? undefined : findRoute(table, name);
  if (route === undefined) return false;
  if (route.backends.length === 1) return decision.action === "dial" && decision.wishes?.traffic !== undefined;
  return route.backends.some(({ backend }) => findBackend(table, backend)?.traffic !== undefined);
}
