/** Objects that the tests apply, as text for `kubectl apply`. Each line is what a user would write. */

export interface Backend {
  readonly name: string;
  readonly port: number;
}

export interface Pair {
  readonly gateway: string;
  readonly route: string;
}

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
  const listener = { name: "foo", protocol: "TLS", port, tls: { mode: "Passthrough" } };
  return {
    gateway: JSON.stringify({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name },
      spec: { gatewayClassName, listeners: [listener] },
    }),
    route: JSON.stringify({
      apiVersion: `gateway.networking.k8s.io/${version}`,
      kind: "TLSRoute",
      metadata: { name },
      spec: { parentRefs: [{ name }], ...(hostnames && { hostnames }), rules: [{ backendRefs: [backend] }] },
    }),
  };
}
