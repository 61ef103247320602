/** Finds backends of a route that lead back to the Gateway that the route is attached to. Pure. */
import type { EndpointsResource } from "../../model/proxy-config.ts";
import { canonicalIpAddress } from "../../net/ip-address.ts";
import type { GatewayAddresses } from "../addresses/gateway-addresses.ts";
import type { RuleBackend } from "../backends/resolve-all.ts";
import { count } from "../conditions.ts";

/** Field path of the backendRef. */
export type BackendLoops = ReadonlyMap<string, BackendLoop>;

interface BackendLoop {
  readonly message: string;
  /** No endpoint of the backend is usable. */
  readonly isWhole: boolean;
}

const NO_LOOPS: BackendLoops = new Map();

/** `gateway`: `namespace/name`. */
export function findBackendLoops(
  gateway: string,
  addresses: GatewayAddresses | undefined,
  backends: readonly RuleBackend[],
): BackendLoops {
  if (addresses === undefined) return NO_LOOPS;
  const loops = backends.flatMap((backend): [string, BackendLoop][] => {
    const loop = findLoop(gateway, addresses, backend);
    return loop === undefined ? [] : [[backend.field, loop]];
  });
  return loops.length === 0 ? NO_LOOPS : new Map(loops);
}

function findLoop(gateway: string, addresses: GatewayAddresses, backend: RuleBackend): BackendLoop | undefined {
  const { target } = backend.backend;
  const fix = "Name a backend that is not the Gateway itself";
  if (target.type === "external") {
    if (!addresses.hosts.has(`${target.host} ${target.port}`)) return undefined;
    const what = `${target.host}:${target.port} is the load balancer of Gateway ${gateway}`;
    return { message: `${what}; connections would return to the Gateway. ${fix}`, isWhole: true };
  }
  const isEndpoints = (need: (typeof backend.needs)[number]): need is EndpointsResource => need.kind === "endpoints";
  const endpoints = backend.needs.find(isEndpoints)?.endpoints ?? [];
  const own = endpoints.filter(({ address, port }) =>
    addresses.endpoints.has(`${canonicalIpAddress(address)} ${port}`),
  );
  if (own.length === 0) return undefined;
  const isWhole = own.length === endpoints.length;
  const which = isWhole ? "Every endpoint" : count(own.length, "endpoint", "endpoints");
  const verb = own.length === 1 || isWhole ? "is an address" : "are addresses";
  const of = `${which} of Service ${backend.service} ${verb} of Gateway ${gateway} itself`;
  return { message: `${of}; connections would return to the Gateway. ${fix}`, isWhole };
}
