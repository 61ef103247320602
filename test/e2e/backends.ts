/** Real TLS backends in pods: Services `a`, `b`, … whose server says its own name to each client, under one certificate. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cluster, makeCertificate } from "../support/cluster.ts";

export const BACKEND_PORT = 443;
const TARGET_PORT = 8443;

/** Deploys them into the namespace, waits until they are ready, and gives back the file with the CA to trust. */
export async function deployBackends(
  cluster: Cluster,
  { namespace, folder, names, host }: { namespace: string; folder: string; names: readonly string[]; host: string },
): Promise<string> {
  const inNamespace = (...args: string[]) => cluster.kubectlOrThrow(["-n", namespace, ...args]);
  const tls = await makeCertificate(folder, [host]);
  await inNamespace("create", "secret", "tls", "backend", `--cert=${tls.certFile}`, `--key=${tls.keyFile}`);
  const script = await readFile(join(import.meta.dirname, "manifests/servers.mjs"), "utf8");
  await inNamespace("create", "configmap", "backend", `--from-literal=servers.mjs=${script}`);
  for (const name of names) {
    for (const object of [deployment(name), service(name)]) {
      await cluster.kubectlOrThrow(["-n", namespace, "apply", "-f", "-"], { input: JSON.stringify(object) });
    }
  }
  for (const name of names) await inNamespace("rollout", "status", `deployment/${name}`, "--timeout=50s");
  return tls.caFile;
}

export function service(name: string, targetPort = TARGET_PORT) {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { selector: { backend: name }, ports: [{ name: "tls", port: BACKEND_PORT, targetPort }] },
  };
}

function deployment(name: string) {
  const labels = { backend: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec(name) } },
  };
}

function podSpec(name: string) {
  return {
    terminationGracePeriodSeconds: 2,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "backend",
        image: "localhost/node:26",
        imagePullPolicy: "Never",
        args: ["/scripts/servers.mjs"],
        env: [{ name: "BACKEND", value: name }],
        ports: [{ name: "tls", containerPort: TARGET_PORT }],
        readinessProbe: { tcpSocket: { port: "tls" }, periodSeconds: 1 },
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
