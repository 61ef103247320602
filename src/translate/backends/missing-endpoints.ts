/**
 * Explains why a Service port has no endpoint to connect to: four mistakes with a fix each. Pure. It decides nothing: see endpoints.ts,
 * which finds the endpoints by the same rules.
 */
import type { EndpointSlice, Service, ServicePort } from "../../gateway-api/objects.ts";
import { enumerate } from "../routes/enumerate.ts";

/** Returns the message for a port without endpoints. `slices`: all of the Service. */
export function explainMissingEndpoints(
  { metadata: { name }, spec }: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
): string {
  const filled = slices.filter(({ endpoints }) => (endpoints ?? []).length > 0);
  const hasSelector = Object.keys(spec.selector ?? {}).length > 0;
  if (filled.length === 0) return explainNoEndpoint(name, port, hasSelector);
  const withAddresses = filled.filter(({ addressType }) => addressType !== "FQDN");
  if (withAddresses.length === 0) {
    return `Every EndpointSlice of Service ${name} has addressType FQDN, which is not supported. List IP addresses, or name the host in the backendRef`;
  }
  const portNames = withAddresses.flatMap(({ ports }) => (ports ?? []).map((candidate) => candidate.name ?? ""));
  if (!portNames.includes(port.name ?? "")) return explainPortName(name, port, portNames, hasSelector);
  return `Service ${name} has no ready endpoint on port ${port.port}: connections to it are refused until a Pod is Ready`;
}

function explainNoEndpoint(name: string, { port }: ServicePort, hasSelector: boolean): string {
  const what = `Service ${name} has no endpoints on port ${port}`;
  return hasSelector
    ? `${what}: its selector matches no Pod. Correct spec.selector, or the labels of the Pods`
    : `${what}: it has no selector, and no EndpointSlice lists addresses. Add a selector, or an EndpointSlice with label kubernetes.io/service-name: ${name}`;
}

function explainPortName(name: string, port: ServicePort, found: readonly string[], hasSelector: boolean): string {
  const wanted = port.name ? `a port named "${port.name}"` : "a port without a name";
  const names = [...new Set(found)]
    .sort()
    .map((candidate) => (candidate === "" ? "one without a name" : `"${candidate}"`));
  const has = names.length === 0 ? "They have no ports" : `They have ${enumerate(names)}`;
  const fix = hasSelector
    ? "Set targetPort of the Service to a port of the Pods"
    : "Give the port the same name in the Service and in its EndpointSlices";
  return `No EndpointSlice of Service ${name} has ${wanted} for port ${port.port}. ${has}. ${fix}`;
}
