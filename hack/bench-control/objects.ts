/** The objects that the bench creates, as data. Services have no selector: their one EndpointSlice is the bench's to write. */

/** The namespace of the Gateway and the backends. */
export const APP = "bench";
const API = "gateway.networking.k8s.io/v1";
/** Backends listen on so many ports from 9001 on; Service `s<i>` leads to one of them. */
export const BACKEND_PORTS = 20;
export const LISTENER_PORT = 8443;

export const portOf = (service: number) => 9001 + (service % BACKEND_PORTS);
export const hostOf = (route: number | string) => `r${route}.bench.example`;

export function namespace(name: string) {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export function gateway(namespaceName: string, name: string, gatewayClassName = "fsm") {
  const from = { namespaces: { from: "All" } };
  const listener = {
    name: "tls",
    protocol: "TLS",
    port: LISTENER_PORT,
    tls: { mode: "Passthrough" },
    allowedRoutes: from,
  };
  const spec = { gatewayClassName, listeners: [listener], allowedListeners: from };
  return { apiVersion: API, kind: "Gateway", metadata: { namespace: namespaceName, name }, spec };
}

export interface RouteChoices {
  readonly namespace: string;
  readonly name: string;
  readonly hostname: string;
  readonly service: string;
  readonly parent?: object;
}

export function route({
  namespace: home,
  name,
  hostname,
  service,
  parent = { namespace: APP, name: "gw" },
}: RouteChoices) {
  const spec = {
    parentRefs: [parent],
    hostnames: [hostname],
    rules: [{ backendRefs: [{ name: service, port: 443 }] }],
  };
  return { apiVersion: API, kind: "TLSRoute", metadata: { namespace: home, name }, spec };
}

export function listenerSet(home: string, name: string, hostname: string) {
  const listener = { name: "tls", protocol: "TLS", port: LISTENER_PORT, hostname, tls: { mode: "Passthrough" } };
  const spec = { parentRef: { namespace: APP, name: "gw" }, listeners: [listener] };
  return { apiVersion: API, kind: "ListenerSet", metadata: { namespace: home, name }, spec };
}

export function service(home: string, name: string) {
  const ports = [{ name: "tls", port: 443, protocol: "TCP" }];
  return { apiVersion: "v1", kind: "Service", metadata: { namespace: home, name }, spec: { ports } };
}

export function slice(home: string, name: string, port: number, addresses: readonly string[]) {
  const labels = { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "bench.example" };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: home, name, labels },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "tls", port, protocol: "TCP" }],
  };
}

export function backendsPod(name: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: APP, name },
    spec: {
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "backends",
          image: "localhost/node:26",
          imagePullPolicy: "Never",
          args: ["/scripts/backends.mjs"],
          env: [{ name: "PORTS", value: String(BACKEND_PORTS) }],
          readinessProbe: { tcpSocket: { port: 9001 }, periodSeconds: 1 },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [{ name: "scripts", mountPath: "/scripts" }],
        },
      ],
      volumes: [{ name: "scripts", configMap: { name: "backends" } }],
    },
  };
}
