/** The addresses behind one Service port, from its EndpointSlices (discovery.k8s.io/v1). */
import type { EndpointSlice, ServicePort, SliceEndpoint } from "../../gateway-api/objects.ts";
import type { Endpoint } from "../../model/proxy-config.ts";

/**
 * Ready endpoints; if there is none, those that terminate but still serve, as kube-proxy does (KEP-1669), so that a
 * rollout of the last Pod drops nothing. Sorted and without duplicates, so that equal sets have equal versions.
 */
export function endpointsOf(slices: readonly EndpointSlice[], port: ServicePort): readonly Endpoint[] {
  const ready = collect(slices, port, ({ conditions }) => conditions?.ready !== false);
  if (ready.length > 0) return ready;
  return collect(slices, port, ({ conditions }) => conditions?.serving === true && conditions.terminating === true);
}

function collect(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  wanted: (endpoint: SliceEndpoint) => boolean,
): readonly Endpoint[] {
  const found: Endpoint[] = [];
  for (const slice of slices) {
    // FQDN endpoints name hosts; we take addresses only.
    if (slice.addressType === "FQDN") continue;
    const target = (slice.ports ?? []).find((p) => (p.name ?? "") === (port.name ?? ""))?.port;
    if (target === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (!wanted(endpoint)) continue;
      for (const address of endpoint.addresses) found.push({ address, port: target });
    }
  }
  return found.sort(compare).filter((endpoint, i) => i === 0 || compare(endpoint, found[i - 1] as Endpoint) !== 0);
}

function compare(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}
