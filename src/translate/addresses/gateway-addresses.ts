/**
 * Lists the addresses at which clients reach a Gateway: its Pods, and the addresses of its Service. A backend at one of them leads back
 * to the Gateway (docs/decisions/022). Pure.
 */
import { type EndpointSlice, type Gateway, namespaceOf, type Service } from "../../gateway-api/objects.ts";
import { childName } from "../../infra/names.ts";
import { type Endpoint, type EndpointsResource, GATEWAY_ADDRESSES } from "../../model/proxy-config.ts";
import { canonicalIpAddress } from "../../net/ip-address.ts";
import type { Lookups } from "../lookups.ts";
import { requestedAddress } from "./requested.ts";

export interface GatewayAddresses {
  readonly resource: EndpointsResource;
  /** `<address> <port>`, each address in its canonical form. */
  readonly endpoints: ReadonlySet<string>;
  /** `<host> <port>` of load balancers that have a host name. */
  readonly hosts: ReadonlySet<string>;
}

/** Represents the addresses of a proxy's own node: see GATEWAY_ADDRESSES. */
const ANY_NODE = "0.0.0.0";

/** Undefined while the Gateway has no Service, or its Service no port. */
export function findGatewayAddresses(lookups: Lookups, gateway: Gateway): GatewayAddresses | undefined {
  const key = `${namespaceOf(gateway)}/${childName(gateway.metadata.name)}`;
  const service = lookups.service(key);
  if (service === undefined) return undefined;
  const found = new Map<string, Endpoint>();
  const add = (text: string, port: number) => {
    const address = canonicalIpAddress(text);
    if (address !== undefined) found.set(`${address} ${port}`, { address, port });
  };
  const { ports = [] } = service.spec;
  for (const { nodePort, port } of ports) {
    for (const address of serviceAddresses(service)) add(address, port);
    const requested = requestedAddress(gateway);
    if (requested !== undefined) add(requested, port);
    if (nodePort !== undefined) add(ANY_NODE, nodePort);
  }
  for (const { address, port } of podEndpoints(lookups.endpointSlices(key))) add(address, port);
  if (found.size === 0) return undefined;
  const keys = [...found.keys()].sort();
  const endpoints = keys.map((one) => found.get(one) as Endpoint);
  return {
    resource: { kind: "endpoints", name: GATEWAY_ADDRESSES, endpoints },
    endpoints: new Set(keys),
    hosts: new Set(loadBalancerHosts(service).flatMap((host) => ports.map(({ port }) => `${host} ${port}`))),
  };
}

function serviceAddresses({ spec, status }: Service): readonly string[] {
  const { clusterIP, clusterIPs = [], externalIPs = [], loadBalancerIP } = spec;
  const assigned = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  return [clusterIP, ...clusterIPs, ...externalIPs, loadBalancerIP, ...assigned].filter((one) => one !== undefined);
}

function loadBalancerHosts({ status }: Service): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ hostname }) => hostname?.toLowerCase() ?? []);
}

/** Includes Pods that are not ready: they have bound their ports. */
function podEndpoints(slices: readonly EndpointSlice[]): readonly Endpoint[] {
  return slices.flatMap(({ endpoints, ports }) => {
    const addresses = (endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
    const numbers = (ports ?? []).flatMap(({ port }) => port ?? []);
    return addresses.flatMap((address) => numbers.map((port) => ({ address, port })));
  });
}
