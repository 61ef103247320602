/** The addresses behind one Service port, from its EndpointSlices (discovery.k8s.io/v1). */
import type { EndpointSlice, ServicePort, SliceEndpoint } from "../../gateway-api/objects.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import { isIpAddress } from "../../net/ip-address.ts";

export interface ServiceEndpoints {
  /** Sorted and without duplicates, so that equal sets have equal versions. */
  readonly endpoints: readonly Endpoint[];
  /**
   * Texts that the proxies would not accept as addresses, such as `010.0.0.1`, which some API servers store. They are omitted, so that
   * one invalid object does not make the proxies reject the whole configuration of the Gateway.
   */
  readonly invalidAddresses: readonly string[];
}

/**
 * Ready endpoints; if there is none, those that terminate but still serve, as kube-proxy does (KEP-1669), so that a
 * rollout of the last Pod drops nothing.
 */
export function findEndpoints(slices: readonly EndpointSlice[], port: ServicePort): ServiceEndpoints {
  const ready = collect(slices, port, ({ conditions }) => conditions?.ready !== false);
  if (ready.endpoints.length > 0) return ready;
  const isServing = ({ conditions }: SliceEndpoint) => conditions?.serving === true && conditions.terminating === true;
  const serving = collect(slices, port, isServing);
  return serving.endpoints.length > 0 ? serving : ready;
}

function collect(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  wanted: (endpoint: SliceEndpoint) => boolean,
): ServiceEndpoints {
  const found: Endpoint[] = [];
  const invalid = new Set<string>();
  for (const slice of slices) {
    // FQDN endpoints name hosts; we take addresses only.
    if (slice.addressType === "FQDN") continue;
    const target = (slice.ports ?? []).find((p) => (p.name ?? "") === (port.name ?? ""))?.port;
    if (target === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (!wanted(endpoint)) continue;
      for (const address of endpoint.addresses) {
        if (isIpAddress(address)) found.push({ address, port: target });
        else invalid.add(address);
      }
    }
  }
  const sorted = found.sort(compare);
  const endpoints = sorted.filter((one, index) => index === 0 || compare(one, sorted[index - 1] as Endpoint) !== 0);
  return { endpoints, invalidAddresses: [...invalid].sort() };
}

function compare(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}
