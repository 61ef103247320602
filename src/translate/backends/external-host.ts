/** A host outside the cluster; the proxy resolves its name. */
import { clusterName } from "../../gateway-api/cluster-name.ts";
import type { Refuse, ResolvedBackend } from "./resolved.ts";

/** `nameOf` gives the name of its BackendResource, from the host in lower case. */
export function externalHost(
  hostname: string,
  port: number,
  nameOf: (host: string) => string,
  refuse: Refuse,
): ResolvedBackend {
  const host = hostname.toLowerCase();
  // Names of cluster DNS would lead past any ReferenceGrant, whoever writes them.
  if (clusterName(host) !== undefined) {
    const message = `${host} is a name of cluster DNS: give the Service's name and namespace instead`;
    return refuse("RefNotPermitted", message);
  }
  return { backend: { kind: "backend", name: nameOf(host), target: { type: "external", host, port } }, needs: [] };
}
