/** What the tests of listeners that decrypt apply: a Gateway with three of them and one for HTTP, its routes, its certificates. */
import type { Pem } from "../wire/authority.ts";
import { PLAINTEXT } from "./backends.ts";
import { gatewayObject } from "./objects.ts";

export const PORTS = { two: 8443, validated: 8444, single: 8445, http: 8080 } as const;
/** Its listeners that decrypt: one with two certificates, one that asks clients for theirs, one with a certificate of its own. */
export type Decrypting = Exclude<keyof typeof PORTS, "http">;

export const talk = (port: number = PLAINTEXT.port) => ({ name: "talk", port });
export const configMapRef = (name: string) => ({ group: "", kind: "ConfigMap", name });

export function gateway(): string {
  return gatewayObject("Gateway", "decrypts", {
    gatewayClassName: "fsm",
    tls: {
      frontend: {
        default: {},
        perPort: [{ port: PORTS.validated, tls: { validation: { caCertificateRefs: [configMapRef("clients")] } } }],
      },
    },
    listeners: [
      decrypting("two", ["one", "two"]),
      decrypting("validated", ["one"]),
      decrypting("single", ["three"]),
      { name: "http", protocol: "HTTP", port: PORTS.http },
    ],
  });
}

/** A Gateway with one listener. */
export function small(name: string, gatewayClassName: string): string {
  return gatewayObject("Gateway", name, { gatewayClassName, listeners: [decrypting("single", ["three"])] });
}

function decrypting(name: Decrypting, secrets: readonly string[]) {
  const certificateRefs = secrets.map((secretName) => ({ name: secretName }));
  return { name, protocol: "TLS", port: PORTS[name], tls: { mode: "Terminate", certificateRefs } };
}

export function route(
  name: string,
  sectionName: Decrypting,
  hostnames: readonly string[],
  port: number = PLAINTEXT.port,
  parent = "decrypts",
): string {
  const rules = [{ backendRefs: [talk(port)] }];
  return gatewayObject("TLSRoute", name, { parentRefs: [{ name: parent, sectionName }], hostnames, rules });
}

export function classOf(name: string, controllerName: string): string {
  return gatewayObject("GatewayClass", name, { controllerName });
}

export function secret(name: string, { cert, key }: Pem) {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const data = { "tls.crt": base64(cert), "tls.key": base64(key) };
  return { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name }, data };
}

export function configMap(name: string, ca: string) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { "ca.crt": ca } };
}
