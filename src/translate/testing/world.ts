/**
 * Snapshots for tests and benches of the translator: one Gateway, and as many routes as asked for, each with its own Service
 * and EndpointSlice. Ready-made data, no rules.
 */
import type { EndpointSlice, Gateway, GatewayClass, Listener, Service, TlsRoute } from "../../gateway-api/objects.ts";
import type { Snapshot } from "../../model/snapshot.ts";

const API = "gateway.networking.k8s.io/v1";
export const NAMESPACE = "shop";
export const CONTROLLER = "gateway.fsm.dev/controller";

export const EMPTY_SNAPSHOT: Snapshot = {
  controllerName: CONTROLLER,
  gatewayClasses: [],
  gatewayParameters: [],
  gateways: [],
  listenerSets: [],
  tlsRoutes: [],
  tcpRoutes: [],
  httpRoutes: [],
  backendTlsPolicies: [],
  xBackends: [],
  referenceGrants: [],
  namespaces: [],
  secrets: [],
  configMaps: [],
  services: [],
  endpointSlices: [],
  provisions: true,
  absentKinds: new Set(),
  deployments: new Map(),
};

export const OUR_CLASS: GatewayClass = {
  apiVersion: API,
  kind: "GatewayClass",
  metadata: { name: "fsm", uid: "class", generation: 1 },
  spec: { controllerName: CONTROLLER },
};

export function gateway(name: string, listeners: readonly Listener[]): Gateway {
  const metadata = { name, namespace: NAMESPACE, uid: `gateway-${name}`, generation: 1 };
  return { apiVersion: API, kind: "Gateway", metadata, spec: { gatewayClassName: "fsm", listeners } };
}

export function passthrough(name: string, port: number, hostname?: string): Listener {
  const tls = { mode: "Passthrough" };
  return { name, port, protocol: "TLS", tls, ...(hostname !== undefined && { hostname }) };
}

export interface RouteChoices {
  readonly parents?: readonly string[];
  readonly hostnames?: readonly string[];
  readonly service?: string;
  readonly createdAt?: string;
}

export function tlsRoute(name: string, choices: RouteChoices = {}): TlsRoute {
  const { parents = ["gateway"], hostnames = [`${name}.example.com`], service = name, createdAt } = choices;
  return {
    apiVersion: API,
    kind: "TLSRoute",
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: `route-${name}`,
      generation: 1,
      creationTimestamp: createdAt ?? "2026-01-01T00:00:00Z",
    },
    spec: {
      parentRefs: parents.map((parent) => ({ name: parent })),
      hostnames,
      rules: [{ backendRefs: [{ name: service, port: 443 }] }],
    },
  };
}

export function service(name: string): Service {
  const metadata = { name, namespace: NAMESPACE, uid: `service-${name}` };
  return { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ port: 443 }] } };
}

export function slice(name: string, addresses: readonly string[]): EndpointSlice {
  const labels = { "kubernetes.io/service-name": name };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-x`, namespace: NAMESPACE, uid: `slice-${name}`, labels },
    addressType: "IPv4",
    endpoints: [{ addresses, conditions: { ready: true } }],
    ports: [{ port: 8443 }],
  };
}

/** One Gateway with one listener and `routes` routes to a Service each. */
export function bigSnapshot(routes: number): Snapshot {
  const names = Array.from({ length: routes }, (_, i) => `r${i}`);
  return {
    ...EMPTY_SNAPSHOT,
    gatewayClasses: [OUR_CLASS],
    gateways: [gateway("gateway", [passthrough("tls", 443)])],
    namespaces: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }],
    tlsRoutes: names.map((name) => tlsRoute(name)),
    services: names.map(service),
    endpointSlices: names.map((name, i) => slice(name, [address(i, 1), address(i, 2)])),
  };
}

function address(i: number, host: number): string {
  return `10.${(i >> 8) & 255}.${i & 255}.${host}`;
}

/** The snapshot with one EndpointSlice replaced; every other object is the same. */
export function withEndpoint(snapshot: Snapshot, index: number, value: string): Snapshot {
  const old = snapshot.endpointSlices[index];
  if (old === undefined) throw new Error(`there is no EndpointSlice ${index}`);
  const changed: EndpointSlice = { ...old, endpoints: [{ addresses: [value], conditions: { ready: true } }] };
  return { ...snapshot, endpointSlices: snapshot.endpointSlices.with(index, changed) };
}
