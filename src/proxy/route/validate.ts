/**
 * Whether a resource by itself can be used: ports, weights, hostnames, addresses.
 *
 * Pure. What resources mean to each other is judged in apply-delta.ts, where all of them are known. The host of an
 * external target is not judged here: one illegal name must not cost the Gateway its configuration, so the dns room
 * reports it like any other name that does not resolve.
 */
import type { Endpoint, Resource, ResourceKey, RouteResource } from "../../model/proxy-config.ts";
import { resourceKey } from "../../model/revision.ts";
import { isDnsName, isWildcardName } from "../dns-name.ts";
import { ANY_HOSTNAME } from "./route-table.ts";

/** Gateway API, BackendRef.weight. */
const MAX_WEIGHT = 1_000_000;

const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
/** Only the alphabet of IPv6: enough to tell an address from a name, which would be looked up behind the guard's back. */
const IPV6_ALPHABET = /^[0-9a-f.]*:[0-9a-f:.]*$/i;

/** One sentence on what is wrong with it; undefined when nothing is. */
export function resourceProblem(key: ResourceKey, resource: Resource): string | undefined {
  if (key !== resourceKey(resource)) return `it is called ${resourceKey(resource)} in its content`;
  switch (resource.kind) {
    case "listener":
      if (!isPort(resource.port)) return `port ${resource.port} is not between 1 and 65535`;
      return resource.hostname === undefined || isHostname(resource.hostname)
        ? undefined
        : `${JSON.stringify(resource.hostname)} is no hostname`;
    case "route":
      return routeProblem(resource);
    case "backend":
      return resource.target.type === "external" && !isPort(resource.target.port)
        ? `port ${resource.target.port} is not between 1 and 65535`
        : undefined;
    case "endpoints":
      return resource.endpoints.map(endpointProblem).find((problem) => problem !== undefined);
    default:
      return unknownKind(resource);
  }
}

function routeProblem(route: RouteResource): string | undefined {
  for (const { weight } of route.backends) {
    if (!Number.isInteger(weight) || weight < 0 || weight > MAX_WEIGHT)
      return `weight ${weight} is not 0 to ${MAX_WEIGHT}`;
  }
  for (const hostname of route.attachments.flatMap((attachment) => attachment.hostnames)) {
    if (hostname !== ANY_HOSTNAME && !isHostname(hostname)) return `${JSON.stringify(hostname)} is no hostname`;
  }
  return undefined;
}

function endpointProblem({ address, port }: Endpoint): string | undefined {
  if (!isPort(port)) return `port ${port} is not between 1 and 65535`;
  return IPV4.test(address) || IPV6_ALPHABET.test(address) ? undefined : `${JSON.stringify(address)} is no IP address`;
}

function isHostname(hostname: string): boolean {
  return isDnsName(hostname) || isWildcardName(hostname);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Resources come from another program, perhaps a newer one. */
function unknownKind(resource: never): string {
  return `its kind is unknown: ${JSON.stringify((resource as { kind?: unknown }).kind)}`;
}
