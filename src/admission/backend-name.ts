/**
 * What the `name` of a Service backend may be. Without a dot it names a Service; with one, a host outside the cluster (Service
 * names have no dots). People paste URLs and Service DNS names there: each such mistake is told with its mend.
 */
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

/**
 * A Service's DNS name would reach Services of other namespaces without a ReferenceGrant (GEP-709), so the translator refuses
 * it too. The cluster's domain is not known here: `<service>.<namespace>.svc` tells enough, whatever comes after it.
 */
function clusterNameProblem(name: string): string | undefined {
  const [, prefix] = /^(.+?)\.svc(\.|$)/.exec(name) ?? [];
  if (prefix !== undefined) {
    const labels = prefix.split(".");
    const [namespace, service] = [labels.at(-1), labels.at(-2)];
    const mend = service === undefined ? `name: ${namespace}` : `name: ${service}, namespace: ${namespace}`;
    return `is the DNS name of a Service; refer to the Service itself (${mend})`;
  }
  return name.endsWith(".cluster.local")
    ? "is a name inside the cluster; refer to a Service by its name and namespace"
    : undefined;
}
