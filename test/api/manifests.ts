/**
 * Builds the YAML of the objects that tests at a real API server apply. Each text begins with a document marker, so texts
 * concatenate. Pure.
 */
import { CONTROLLER_NAME } from "../../src/model/identity.ts";

export const namespace = (name: string): string => `
---
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }
`;

export interface GatewayClassOptions {
  readonly name?: string;
  readonly controllerName?: string;
  /** YAML of spec.parametersRef. */
  readonly parametersRef?: string;
}

export function gatewayClass(options: GatewayClassOptions = {}): string {
  const { name = "fsm", controllerName = CONTROLLER_NAME, parametersRef } = options;
  return `
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${name} }
spec:
  controllerName: ${controllerName}
  ${parametersRef === undefined ? "" : `parametersRef: ${parametersRef}`}
`;
}

/** Builds YAML of a listener that forwards TLS without decrypting it. */
export const passthrough = (port: number): string =>
  `{ name: tls, protocol: TLS, port: ${port}, tls: { mode: Passthrough } }`;

export interface GatewayOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly className?: string;
  /** YAML of each listener. */
  readonly listeners?: readonly string[];
}

export function gateway(options: GatewayOptions = {}): string {
  const { name = "g", namespace = "team", className = "fsm", listeners = [passthrough(443)] } = options;
  return `
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${namespace} }
spec: { gatewayClassName: ${className}, listeners: [${listeners.join(", ")}] }
`;
}

/** Builds a TLSRoute of Gateway g whose backend does not exist. */
export const tlsRoute = (hostname: string, namespace = "team"): string => `
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: r, namespace: ${namespace} }
spec:
  parentRefs: [{ name: g }]
  hostnames: [${hostname}]
  rules: [{ backendRefs: [{ name: absent, port: 443 }] }]
`;

/** Builds a Pod of a ServiceAccount. No node runs it; a token can be bound to it all the same. */
export const pod = (name: string, serviceAccount: string, namespace = "team"): string => `
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace} }
spec: { serviceAccountName: ${serviceAccount}, containers: [{ name: c, image: none }] }
`;
