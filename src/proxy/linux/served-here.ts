/**
 * What the workers of the linux engine serve by themselves: connections that are passed on as they are. The others they hand
 * over to the portable engine. Pure: whatever the workers do not know how to do is to be named here, and is served all the same.
 */
import type { ListenerResource } from "../../model/proxy-config.ts";
import type { RouteTable } from "../route/route-table.ts";

export interface HandedOver {
  /** Ports whose connections are handed over as they are accepted, before a byte is read. */
  readonly unread: ReadonlySet<number>;
  /** Ports of which some listeners' connections are handed over, once their server name is known. */
  readonly byName: ReadonlySet<number>;
}

export const NOTHING_HANDED_OVER: HandedOver = { unread: new Set(), byName: new Set() };

export function handedOver(table: RouteTable): HandedOver {
  const foreign = [...table.listeners.values()].map(({ resource }) => resource).filter((one) => !isServedHere(one));
  // What begins with a ClientHello is told apart by its server name; of HTTP nothing is ours to read.
  const unread = foreign.filter(({ protocol }) => protocol === "HTTP");
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
