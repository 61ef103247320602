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

/** What takes connections behind a Service. */
export interface Taking {
  /** Names of the Pods. */
  readonly pods: ReadonlySet<string>;
  readonly ports: ReadonlySet<number>;
}

/** `reports`: those that stand, of Pods that take connections and of others. */
export function observeDeployment(
  service: Service | undefined,
  taking: Taking,
  reports: ReadonlyMap<string, ProxyReport>,
): Observation {
  const { pods, ports } = taking;
  // A Pod that is ending or starting takes no connections: what it has bound does not matter, unless there is no other.
  const relevant = [...reports].filter(([pod]) => pods.size === 0 || pods.has(pod));
  const silent = [...pods].filter((pod) => !reports.has(pod));
  return {
    deployment: {
      addresses: addressesOf(service),
      readyPorts: [...ports],
      proxies: relevant.map(([pod, report]) => ({ ...report, pod })),
      podsWithoutReport: silent.length,
    },
    silent,
  };
}

export function takingBehind(slices: readonly EndpointSlice[]): Taking {
  const pods = new Set<string>();
  const ports = new Set<number>();
  for (const slice of slices) {
    const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    if (ready.length === 0) continue;
    for (const { targetRef } of ready) if (targetRef?.name !== undefined) pods.add(targetRef.name);
    for (const { port } of slice.ports ?? []) if (port !== undefined) ports.add(port);
  }
  return { pods, ports };
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
