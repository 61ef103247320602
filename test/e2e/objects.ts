/** Objects that the tests apply, as text for `kubectl apply`. Each line is what a user would write. */

export interface Backend {
  readonly name: string;
  readonly port: number;
}

export interface Pair {
  readonly gateway: string;
  readonly route: string;
}

const GROUP = "gateway.networking.k8s.io";
const HTTPBIN: Backend = { name: "httpbin.org", port: 443 };

export interface PairOptions {
  readonly backend?: Backend;
  readonly port?: number;
  readonly gatewayClassName?: string;
  readonly hostnames?: readonly string[];
  readonly version?: "v1" | "v1alpha2";
}

/** A Gateway with one passthrough listener, and a TLSRoute of the same name that sends all its connections to the backend. */
export function freshGateway(name: string, options: PairOptions = {}): Pair {
  const { backend = HTTPBIN, port = 8000, gatewayClassName = "fsm", hostnames, version = "v1alpha2" } = options;
  const spec = { parentRefs: [{ name }], ...(hostnames && { hostnames }), rules: [{ backendRefs: [backend] }] };
  return {
    gateway: gatewayObject("Gateway", name, { gatewayClassName, listeners: [passthrough("foo", port)] }),
    route: gatewayObject("TLSRoute", name, spec, version),
  };
}

export function passthrough(name: string, port: number) {
  return { name, protocol: "TLS", port, tls: { mode: "Passthrough" } };
}

/** Of Gateway API's group. */
export function gatewayObject(kind: string, name: string, spec: object, version = "v1"): string {
  return JSON.stringify({ apiVersion: `${GROUP}/${version}`, kind, metadata: { name }, spec });
}
