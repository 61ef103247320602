/** Where the connections of a route go, share by share, as the proxy's table has it. Pure. */
import type { BackendResource, RouteResource } from "../model/proxy-config.ts";
import { findBackend, findEndpoints, type RouteTable } from "../proxy/route/route-table.ts";
import type { BackendShare } from "./explanation.ts";

export function backendShares(table: RouteTable, route: RouteResource): readonly BackendShare[] {
  const sum = route.backends.reduce((total, { weight }) => total + weight, 0);
  return route.backends.map(({ backend: name, weight }) => {
    const backend = findBackend(table, name);
    if (backend === undefined) throw new Error(`the table names a backend that it does not hold: ${name}`);
    return { name, weight, share: sum === 0 ? 0 : weight / sum, ...reach(table, backend) };
  });
}

function reach(table: RouteTable, { target, tls }: BackendResource): Pick<BackendShare, "addresses" | "refusal"> {
  if (tls?.type === "invalid") return { addresses: [], refusal: `its TLS cannot be verified: ${tls.reason}` };
  switch (target.type) {
    case "invalid":
      return { addresses: [], refusal: `the reference cannot be used: ${target.reason}` };
    case "external":
      return { addresses: [`${target.host}:${target.port}`] };
    case "endpoints": {
      const endpoints = findEndpoints(table, target.endpoints)?.endpoints ?? [];
      if (endpoints.length === 0) return { addresses: [], refusal: "no endpoint is ready" };
      return {
        addresses: endpoints.map(({ address, port }) =>
          address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
        ),
      };
    }
  }
}
