/** Where the connections of a route go, share by share, as the proxy's table has it. Pure. */
import type { BackendResource, RouteResource } from "../model/proxy-config.ts";
import { OwnAddresses } from "../proxy/route/own-addresses.ts";
import { findBackend, findEndpoints, type RouteTable } from "../proxy/route/route-table.ts";
import type { BackendShare } from "./explanation.ts";

/** The interfaces of the proxies are not known here. Loopback is assumed, in addition to the addresses that the configuration lists. */
const LOOPBACK_ONLY = { bound: ["0.0.0.0", "::"], interfaces: [], node: [] };

export function backendShares(table: RouteTable, route: RouteResource): readonly BackendShare[] {
  const own = new OwnAddresses(table, LOOPBACK_ONLY);
  const sum = route.backends.reduce((total, { weight }) => total + weight, 0);
  return route.backends.map(({ backend: name, weight }) => {
    const backend = findBackend(table, name);
    if (backend === undefined) throw new Error(`the table names a backend that it does not hold: ${name}`);
    return { name, weight, share: sum === 0 ? 0 : weight / sum, ...reach(table, own, backend) };
  });
}

function reach(
  table: RouteTable,
  own: OwnAddresses,
  { target, tls }: BackendResource,
): Pick<BackendShare, "addresses" | "refusal" | "isLoop"> {
  if (tls?.type === "invalid") return { addresses: [], refusal: `its TLS cannot be verified: ${tls.reason}` };
  switch (target.type) {
    case "invalid":
      return { addresses: [], refusal: `the reference cannot be used: ${target.reason}` };
    case "external":
      return { addresses: [`${target.host}:${target.port}`] };
    case "endpoints": {
      const all = findEndpoints(table, target.endpoints)?.endpoints ?? [];
      if (all.length === 0) return { addresses: [], refusal: "no endpoint is ready" };
      const endpoints = all.filter((endpoint) => !own.isOwn(endpoint));
      if (endpoints.length === 0) {
        return { addresses: [], refusal: "every endpoint is an address of the Gateway itself", isLoop: true };
      }
      return {
        addresses: endpoints.map(({ address, port }) =>
          address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
        ),
      };
    }
  }
}
