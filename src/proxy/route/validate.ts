/**
 * Whether a resource by itself can be used: ports, weights, hostnames, addresses, lists that must not be empty.
 *
 * Pure. What resources mean to each other is judged in apply-delta.ts, where all of them are known. What one user of many
 * wrote is not judged here where it can fail by itself: one illegal name must not cost the Gateway its configuration. So
 * the dns room reports the host of an external target like any other name that does not resolve, and PEM and the names
 * that a backend's certificate must hold fail in the handshakes that need them.
 */
import type {
  BackendResource,
  Endpoint,
  ListenerResource,
  Resource,
  ResourceKey,
  RouteResource,
  TerminateTls,
} from "../../model/proxy-config.ts";
import { resourceKey } from "../../model/revision.ts";
import { isIpAddress } from "../../net/ip-address.ts";
import { isDnsName, isWildcardName } from "../dns-name.ts";
import { ANY_HOSTNAME } from "./route-table.ts";
import { cidrsProblem, clientProblem, settingsProblem, trafficProblem } from "./validate-traffic.ts";

/** Gateway API, BackendRef.weight. */
const MAX_WEIGHT = 1_000_000;

/** One sentence on what is wrong with it; undefined when nothing is. */
export function resourceProblem(key: ResourceKey, resource: Resource): string | undefined {
  if (key !== resourceKey(resource)) return `it is called ${resourceKey(resource)} in its content`;
  switch (resource.kind) {
    case "settings":
      return settingsProblem(resource);
    case "externalHosts":
      return cidrsProblem(resource.deniedCidrs);
    case "listener":
      return listenerProblem(resource);
    case "route":
      return routeProblem(resource);
    case "backend":
      return backendProblem(resource);
    case "endpoints":
      return resource.endpoints.map(endpointProblem).find((problem) => problem !== undefined);
    case "certificate":
    case "authorities":
      return undefined;
    default:
      return unknownKind(resource);
  }
}

function listenerProblem(listener: ListenerResource): string | undefined {
  if (!isPort(listener.port)) return notAPort(listener.port);
  const problem = listener.client === undefined ? undefined : clientProblem(listener.client);
  if (problem !== undefined) return problem;
  if (listener.protocol === "TCP") return undefined;
  if (listener.hostname !== undefined && !isHostname(listener.hostname)) return notAHostname(listener.hostname);
  return "tls" in listener && listener.tls.mode === "Terminate" ? terminateProblem(listener.tls) : undefined;
}

function terminateProblem({ certificates, clientValidation }: TerminateTls): string | undefined {
  if (certificates.length === 0) return "it is to decrypt and has no certificate";
  return clientValidation?.authorities.length === 0 ? "it is to validate clients and trusts no authority" : undefined;
}

function backendProblem(backend: BackendResource): string | undefined {
  const { target, tls } = backend;
  if (target.type === "external" && !isPort(target.port)) return notAPort(target.port);
  if (tls?.type === "verified" && tls.authorities.length === 0) {
    return "its certificate is to be verified and no authority is trusted";
  }
  return trafficProblem(backend);
}

function routeProblem(route: RouteResource): string | undefined {
  for (const { weight } of route.backends) {
    if (!Number.isInteger(weight) || weight < 0 || weight > MAX_WEIGHT)
      return `weight ${weight} is not 0 to ${MAX_WEIGHT}`;
  }
  for (const hostname of route.attachments.flatMap((attachment) => attachment.hostnames)) {
    if (hostname !== ANY_HOSTNAME && !isHostname(hostname)) return notAHostname(hostname);
  }
  return undefined;
}

function endpointProblem({ address, port }: Endpoint): string | undefined {
  if (!isPort(port)) return notAPort(port);
  // Another text would be resolved as a name without the address guard, or the two engines would interpret it differently.
  return isIpAddress(address) ? undefined : `${JSON.stringify(address)} is not an IP address`;
}

function isHostname(hostname: string): boolean {
  return isDnsName(hostname) || isWildcardName(hostname);
}

function notAHostname(text: string): string {
  return `${JSON.stringify(text)} is no hostname`;
}

function notAPort(port: number): string {
  return `port ${port} is not between 1 and 65535`;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Resources come from another program, perhaps a newer one. */
function unknownKind(resource: never): string {
  return `its kind is unknown: ${JSON.stringify((resource as { kind?: unknown }).kind)}`;
}
