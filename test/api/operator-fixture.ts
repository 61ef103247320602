/** What tests of the operator's parts at a real API server have in common. */

import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { renderInstallManifest } from "../../hack/manifest/install.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from "../../src/model/identity.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { runOrThrow } from "../support/run-command.ts";

const crds = fileURLToPath(new URL("../../hack/gateway-api/crds", import.meta.url));
/** Kinds of the manifest that say what the operator may do, and whom they need. */
const ACCESS = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

export { SILENT } from "../../src/loop/silent-log.ts";

export interface Fixture extends ApiServer {
  readonly client: KubeClient;
  /** Gives the operator's ServiceAccount the rights that the manifest (install.yaml unless it is given) gives it, and a client that has no others. */
  operatorClient(manifest?: string): Promise<KubeClient>;
  /** Installs the CRDs of a channel and waits until they are served; `without`: the CRDs of these kinds are left out. */
  installGatewayApi(channel: "standard" | "experimental", without?: readonly string[]): Promise<void>;
  /** `kubectl apply` of a YAML stream. */
  applyYaml(yaml: string): Promise<void>;
}

/** Starts an API server; `stop` ends it and closes the client. */
export async function startFixture(): Promise<Fixture> {
  const server = await startApiServer();
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  const client = new KubeClient(config);
  const clients = [client];
  const kubectl = async (args: readonly string[], input?: string): Promise<void> => {
    const { code, stderr } = await server.kubectl(args, input === undefined ? {} : { input });
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  };
  return {
    ...server,
    client,
    stop: async () => {
      for (const open of clients) open.close();
      await server.stop();
    },
    operatorClient: async (manifest = renderInstallManifest({ image: "image", version: "0" })) => {
      const documents = parseAllDocuments(manifest);
      const items = documents.map((document) => document.toJS()).filter(({ kind }) => ACCESS.includes(kind));
      await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
      const { code, stdout, stderr } = await server.kubectl([
        "create",
        "token",
        OPERATOR_NAME,
        "-n",
        OPERATOR_NAMESPACE,
      ]);
      if (code !== 0) throw new Error(`kubectl create token: ${stderr}`);
      const cluster = config.getCurrentCluster();
      if (cluster === null) throw new Error("the kubeconfig names no cluster");
      const limited = new KubeConfig();
      limited.loadFromClusterAndUser(cluster, { name: "operator", token: stdout.trim() });
      const operator = new KubeClient(limited);
      clients.push(operator);
      return operator;
    },
    installGatewayApi: async (channel, without = []) => {
      const stream = await runOrThrow(crds, [channel], { timeoutMs: 300_000 });
      const wanted = stream
        .split(/^---$/m)
        .filter((crd) => !without.some((kind) => crd.includes(`\n    kind: ${kind}\n`)));
      await kubectl(["apply", "--server-side", "-f", "-"], wanted.join("\n---\n"));
      await kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    },
    applyYaml: (yaml) => kubectl(["apply", "-f", "-"], yaml),
  };
}
