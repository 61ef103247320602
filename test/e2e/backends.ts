/**
 * Real backends in a pod, under one certificate: Services `a`, `b`, … whose TLS server says its own name to each client, and a
 * Service `talk` that repeats what it is told and says whether it came encrypted.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cluster, makeCertificate } from "../support/cluster.ts";
import { apply } from "./gateways.ts";

export const BACKEND_PORT = 443;
/** Ports of Service `talk`. */
export const PLAINTEXT = { name: "plaintext", port: 3000 } as const;
export const ENCRYPTED = { name: "encrypted", port: 3443 } as const;

const SELECTOR = { app: "backends" };
const FIRST_TARGET_PORT = 8443;

export interface BackendOptions {
  readonly namespace: string;
  /** Directory that receives the certificate. */
  readonly folder: string;
  readonly names: readonly string[];
  /** Host name of the certificate. */
  readonly host: string;
  /** Name of the node to run on; any when absent. */
  readonly node?: string;
}

/** Deploys them into the namespace, waits until they are ready, and gives back the file with the CA to trust. */
export async function deployBackends(
  cluster: Cluster,
  { namespace, folder, names, host, node }: BackendOptions,
): Promise<string> {
  const inNamespace = (...args: string[]) => cluster.kubectlOrThrow(["-n", namespace, ...args]);
  const tls = await makeCertificate(folder, [host]);
  await inNamespace("create", "secret", "tls", "backend", `--cert=${tls.certFile}`, `--key=${tls.keyFile}`);
  const script = await readFile(join(import.meta.dirname, "manifests/servers.mjs"), "utf8");
  await inNamespace("create", "configmap", "backend", `--from-literal=servers.mjs=${script}`);
  const items = [
    deployment(names, node),
    ...names.map((name, i) => service(name, FIRST_TARGET_PORT + i)),
    talkService(),
  ];
  await apply(cluster, namespace, { apiVersion: "v1", kind: "List", items });
  await inNamespace("rollout", "status", "deployment/backends", "--timeout=55s");
  return tls.caFile;
}

export function service(name: string, targetPort = FIRST_TARGET_PORT) {
  return serviceOf(name, [{ name: "tls", port: BACKEND_PORT, targetPort }]);
}

function talkService() {
  return serviceOf("talk", [PLAINTEXT, ENCRYPTED]);
}

function serviceOf(name: string, ports: readonly object[]) {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { selector: SELECTOR, ports } };
}

function deployment(names: readonly string[], node: string | undefined) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "backends" },
    spec: {
      selector: { matchLabels: SELECTOR },
      template: { metadata: { labels: SELECTOR }, spec: { ...podSpec(names), ...onNode(node) } },
    },
  };
}

function onNode(name: string | undefined): object {
  return name === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": name } };
}

function podSpec(names: readonly string[]) {
  return {
    terminationGracePeriodSeconds: 2,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "backends",
        image: "localhost/node:26",
        imagePullPolicy: "Never",
        args: ["/scripts/servers.mjs"],
        env: [{ name: "BACKENDS", value: JSON.stringify(names) }],
        readinessProbe: { tcpSocket: { port: PLAINTEXT.port }, periodSeconds: 1 },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [
          { name: "scripts", mountPath: "/scripts" },
          { name: "tls", mountPath: "/tls" },
        ],
      },
    ],
    volumes: [
      { name: "scripts", configMap: { name: "backend" } },
      { name: "tls", secret: { secretName: "backend" } },
    ],
  };
}
