/**
 * What the `name` of a Service backend may be. Without a dot it names a Service; with one, a host outside the cluster (Service
 * names have no dots). People paste URLs and Service DNS names there: each such mistake is told with its mend.
 */
import { dnsNameProblem, isAddress } from "./dns-name.ts";

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
  return dnsNameProblem(name) ?? clusterNameProblem(name);
}

/**
 * A Service's DNS name would reach Services of other namespaces without a ReferenceGrant (GEP-709). The cluster's domain is
 * not known here; `cluster.local` is the default, and `….svc` is found by search domains whatever the cluster's domain is.
 */
function clusterNameProblem(name: string): string | undefined {
  const labels = name.replace(/\.cluster\.local$/, "").split(".");
  const inCluster = name.endsWith(".cluster.local") || name === "cluster.local";
  if (labels.length >= 2 && labels.at(-1) === "svc") {
    const [namespace, service] = [labels.at(-2), labels.at(-3)];
    const mend = service === undefined ? `name: ${namespace}` : `name: ${service}, namespace: ${namespace}`;
    return `is the DNS name of a Service; refer to the Service itself (${mend})`;
  }
  return inCluster ? "is a name inside the cluster; refer to a Service by its name and namespace" : undefined;
}
