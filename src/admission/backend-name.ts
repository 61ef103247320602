/**
 * What the `name` of a Service backend may be. Without a dot it names a Service; with one, a host outside the cluster (Service
 * names have no dots). People paste URLs and Service DNS names there: each such mistake is told with its mend.
 */
import { clusterName } from "../gateway-api/cluster-name.ts";
import { dnsNameProblem, HOST_LABEL, isAddress } from "./dns-name.ts";

/** Why this name could never lead anywhere, and the mend; undefined when it could. */
export function backendNameProblem(name: string): string | undefined {
  if (name === "") return "is empty; give the name of a Service or of an external host";
  if (/\s/.test(name)) return `has white space in it; write ${name.trim().split(/\s+/).join("")}`;
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/:]*)/i.exec(name);
  if (url !== null) return `is a URL; write the host alone (name: ${url[1]}) and its port beside it`;
  if (name.includes("/")) return `has a path; write the host alone: ${name.split("/")[0]}`;
  if (isAddress(name)) return "is an IP address; make a Service with an EndpointSlice for it, and name that Service";
  const withPort = /^([^:]+):([0-9]+)$/.exec(name);
  if (withPort !== null) return `has a port; write name: ${withPort[1]}, port: ${withPort[2]}`;
  return (name.includes(".") ? dnsNameProblem(name, HOST_LABEL) : dnsNameProblem(name)) ?? clusterNameProblem(name);
}

/** The translator refuses it too. */
function clusterNameProblem(name: string): string | undefined {
  const found = clusterName(name);
  if (found === undefined) return undefined;
  const { service, namespace } = found;
  if (service === undefined) return "is a name inside the cluster; refer to a Service by its name and namespace";
  const mend = namespace === undefined ? `name: ${service}` : `name: ${service}, namespace: ${namespace}`;
  return `is the DNS name of a Service; refer to the Service itself (${mend})`;
}
