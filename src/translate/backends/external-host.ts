/**
 * Translates a host outside the cluster as a backend; the proxy resolves its name. Rejects names that an administrator does not allow,
 * names of cluster DNS and IP addresses, whether or not admission has validated the object.
 */
import { isAddress } from "../../admission/dns-name.ts";
import { clusterName } from "../../gateway-api/cluster-name.ts";
import {
  DEFAULT_DENIED_CIDRS,
  type ExternalHostsPolicy,
  type ExternalHostsResource,
} from "../../model/external-hosts.ts";
import { CLUSTER, type Lookups } from "../lookups.ts";
import { enumerate } from "../routes/enumerate.ts";
import type { Refuse, ResolvedBackend } from "./resolved.ts";

/** `nameOf` gives the name of its BackendResource, from the host in lower case. */
export function externalHost(
  lookups: Lookups,
  hostname: string,
  port: number,
  nameOf: (host: string) => string,
  refuse: Refuse,
): ResolvedBackend {
  const host = hostname.toLowerCase();
  const policy = lookups.externalHosts(CLUSTER);
  const problem = hostProblem(host, policy);
  if (problem !== undefined) return refuse("RefNotPermitted", problem);
  return {
    backend: { kind: "backend", name: nameOf(host), target: { type: "external", host, port } },
    needs: deniedRanges(policy),
  };
}

function hostProblem(host: string, { enabled, allowedNames }: ExternalHostsPolicy): string | undefined {
  // The policies apply to names, and an address would bypass DNS.
  if (isAddress(host)) {
    return `${host} is an IP address. Create a Service with an EndpointSlice for it, and name that Service`;
  }
  // Names of cluster DNS would lead past any ReferenceGrant, whoever writes them.
  if (clusterName(host) !== undefined) {
    return `${host} is a name of cluster DNS. Use the Service's name and namespace instead`;
  }
  if (!enabled) {
    return `${host} is a host outside the cluster, and externalHosts.enabled is false. Name a Service, or ask an administrator to allow external hosts`;
  }
  if (allowedNames.length === 0 || allowedNames.some((name) => isWithin(host, name))) return undefined;
  return `${host} is not in externalHosts.allowedNames (${enumerate(allowedNames)}). Name a host under one of these, or ask an administrator to add it`;
}

/** Reports whether the host is `name` or under it, label by label: `a-example.com` is not under `example.com`. */
function isWithin(host: string, name: string): boolean {
  const bare = host.replace(/\.$/, "");
  return bare === name || bare.endsWith(`.${name}`);
}

/** Returns the ranges that the host's proxies need. Every proxy has the default ranges, and older proxies do not support the resource. */
function deniedRanges({ deniedCidrs }: ExternalHostsPolicy): readonly ExternalHostsResource[] {
  const isDefault =
    deniedCidrs.length === DEFAULT_DENIED_CIDRS.length &&
    DEFAULT_DENIED_CIDRS.every((cidr) => deniedCidrs.includes(cidr));
  return isDefault ? [] : [{ kind: "externalHosts", name: "proxy", deniedCidrs }];
}
