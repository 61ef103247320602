/**
 * The running side of a Gateway as the cluster shows it: the addresses of its Service, the Pods behind it, and what those
 * Pods said. Pure.
 */
import type { EndpointSlice, Service } from "../../gateway-api/objects.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";

export interface Observation {
  readonly deployment: ObservedDeployment;
  /** Pods that take connections, and of which we have heard nothing. */
  readonly silent: readonly string[];
}

export function observeDeployment(
  service: Service | undefined,
  slices: readonly EndpointSlice[],
  reports: ReadonlyMap<string, ProxyReport>,
): Observation {
  const ready = takingPods(slices);
  const readyPorts = new Set<number>();
  for (const slice of slices.filter((one) => taking(one).length > 0)) {
    for (const { port } of slice.ports ?? []) if (port !== undefined) readyPorts.add(port);
  }
  // A Pod that is ending or starting takes no connections: what it has bound does not matter, unless there is no other.
  const relevant = [...reports].filter(([pod]) => ready.size === 0 || ready.has(pod)).map(([, report]) => report);
  return {
    deployment: { addresses: addressesOf(service), readyPorts: [...readyPorts], proxies: relevant },
    silent: [...ready].filter((pod) => !reports.has(pod)),
  };
}

/** Names of the Pods that take connections. */
export function takingPods(slices: readonly EndpointSlice[]): ReadonlySet<string> {
  const names = slices.flatMap(taking).map(({ targetRef }) => targetRef?.name);
  return new Set(names.filter((name) => name !== undefined));
}

function taking({ endpoints }: EndpointSlice) {
  return (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
}

/**
 * Where the listeners' own ports are open. Of a Service of another type than LoadBalancer that is its cluster address alone: on a node
 * the listener's port leads nowhere, only its node port does (docs/decisions/020).
 */
function addressesOf(service: Service | undefined): ObservedDeployment["addresses"] {
  const { type = "LoadBalancer" } = service?.spec ?? {};
  if (service !== undefined && type !== "LoadBalancer") {
    const { clusterIP = "", clusterIPs = [clusterIP] } = service.spec;
    return clusterIPs.filter((ip) => ip !== "" && ip !== "None").map((value) => ({ type: "IPAddress", value }));
  }
  const ingress = service?.status?.loadBalancer?.ingress ?? [];
  return ingress.flatMap(({ ip, hostname }): ObservedDeployment["addresses"] => {
    if (ip) return [{ type: "IPAddress", value: ip }];
    return hostname ? [{ type: "Hostname", value: hostname }] : [];
  });
}
