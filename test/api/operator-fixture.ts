/** What tests of the operator's parts at a real API server have in common. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { renderInstallManifest } from "../../hack/manifest/install.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { SILENT } from "../../src/loop/silent-log.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from "../../src/model/identity.ts";
import {
  createOperatorInformers,
  type OperatorInformersOptions,
} from "../../src/operator/informer/operator-informers.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { runOrThrow } from "../support/run-command.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";

const crds = fileURLToPath(new URL("../../hack/gateway-api/crds", import.meta.url));
const ourCrd = new URL("../../crds/gateway.fsm.dev_gatewayparameters.yaml", import.meta.url);
/** Kinds of the manifest that say what the operator may do, and whom they need. */
const ACCESS = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

export { SILENT };

type Channel = "standard" | "experimental";

export interface Fixture extends ApiServer {
  readonly client: KubeClient;
  /** Gives the operator's ServiceAccount the rights that the manifest (install.yaml unless it is given) gives it, and a client that has no others. */
  operatorClient(manifest?: string): Promise<KubeClient>;
  /** Installs the CRDs of a channel and waits until they are served; `without`: the CRDs of these kinds are left out. */
  installGatewayApi(channel: Channel, without?: readonly string[]): Promise<void>;
  /** Installs the CRD of GatewayParameters and waits until it is served. */
  installGatewayParameters(): Promise<void>;
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
  const applyYaml = (yaml: string) => kubectl(["apply", "-f", "-"], yaml);
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
      await waitForCrds(server);
    },
    installGatewayParameters: async () => {
      await applyYaml(await readFile(ourCrd, "utf8"));
      await waitForCrds(server);
    },
    applyYaml,
  };
}

export interface GatewayApiOptions {
  readonly channel?: Channel;
  /** YAML of objects to apply once the CRDs are served. */
  readonly objects?: string;
}

/** Starts an API server with the CRDs of Gateway API and objects. Ends it if a step fails. */
export async function startWithGatewayApi(options: GatewayApiOptions = {}): Promise<Fixture> {
  const { channel = "standard", objects } = options;
  const fixture = await startFixture();
  try {
    await fixture.installGatewayApi(channel);
    if (objects !== undefined) await fixture.applyYaml(objects);
  } catch (cause) {
    await fixture.stop();
    throw cause;
  }
  return fixture;
}

export type InformerScope = Pick<
  OperatorInformersOptions,
  "installation" | "watchNamespaces" | "certificateNamespaces"
>;

/** Creates the operator's informers, not started, with the bundle that they refresh. They log nothing. */
export function createInformers(client: KubeClient, scope: InformerScope = {}) {
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => undefined });
  const discovery = new Discovery(client, systemClock);
  const common = { client, discovery, bundle, clock: systemClock, random: Math.random, log: SILENT };
  return { informers: createOperatorInformers({ ...common, ...scope }), bundle };
}
