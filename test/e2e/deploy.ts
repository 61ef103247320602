/**
 * A cluster with the gateway deployed from dist/, as its user deploys it. Owns the order: Gateway API's CRDs, the image, the
 * manifest. `npm run test:cluster` builds dist/ before it runs these tests; one run by itself builds what is missing or old.
 */
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import {
  type Cluster,
  type ClusterOptions,
  type GatewayApiChannel,
  gatewayApiCrds,
  testCluster,
} from "../support/cluster.ts";
import { runOrThrow } from "../support/run-command.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";

export const CHECKOUT = join(import.meta.dirname, "../..");
const ARCHIVE = join(CHECKOUT, "dist/fsm-gateway.oci.tar");
const SOURCES = ["pepr.ts", "package.json", "{src,capabilities,crds,hack/image,hack/manifest,hack/sbom}/**/*.*"];
export const INSTALL_MANIFEST = join(CHECKOUT, "dist/install.yaml");
/** One after the other the tests of this folder share a name, and nothing else. CLUSTER_NAME gives them another. */
const NAME = process.env.CLUSTER_NAME ?? "fsm-e2e";

/** A fresh cluster with the image in it and nothing applied. Its default namespace enforces PodSecurity restricted. */
export async function freshCluster(name = NAME, options: ClusterOptions = {}): Promise<Cluster> {
  await buildWhenStale();
  const cluster = testCluster(name, options);
  await cluster.down();
  return orDown(cluster, async () => {
    await cluster.up();
    await cluster.loadImage(ARCHIVE);
    await restrict(cluster, "default");
  });
}

/** No Pod of the namespace may have more than PodSecurity restricted allows, the Gateways' proxies among them. */
export async function restrict(cluster: Cluster, namespace: string): Promise<void> {
  await cluster.kubectlOrThrow(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
}

/** The caller has no cluster to end yet: what fails in here ends it. */
async function orDown(cluster: Cluster, work: () => Promise<void>): Promise<Cluster> {
  try {
    await work();
    return cluster;
  } catch (error) {
    await cluster.down();
    throw error;
  }
}

/** All of a channel's, or those alone that have these plural names. */
export async function applyCrds(
  cluster: Cluster,
  channel: GatewayApiChannel,
  plurals?: readonly string[],
): Promise<void> {
  const all = await gatewayApiCrds(channel);
  await cluster.apply(plurals === undefined ? all : definitionsOf(all, plurals));
  await waitForCrds(cluster);
}

function definitionsOf(stream: string, plurals: readonly string[]): string {
  const definitions = parseAllDocuments(stream).map((document) => document.toJS());
  const items = plurals.map((plural) => {
    const found = definitions.find((definition) => definition?.spec?.names?.plural === plural);
    if (found === undefined) throw new Error(`the channel has no ${plural}`);
    return found;
  });
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** A fresh cluster with the experimental channel or what else is given, on which the operator runs and has accepted its class. */
export async function deployedCluster(
  name = NAME,
  installDefinitions = (cluster: Cluster) => applyCrds(cluster, "experimental"),
  options: ClusterOptions = {},
): Promise<Cluster> {
  const cluster = await freshCluster(name, options);
  return orDown(cluster, async () => {
    await installDefinitions(cluster);
    await cluster.kubectlOrThrow(["apply", "-f", INSTALL_MANIFEST]);
    await operatorReady(cluster);
    await cluster.kubectlOrThrow(["wait", "--for=condition=Accepted", "gatewayclass/fsm", "--timeout=55s"]);
  });
}

export async function operatorReady(cluster: Cluster): Promise<void> {
  const wait = ["-n", "fsm-gateway-system", "rollout", "status", "deployment/fsm-gateway", "--timeout=90s"];
  await cluster.kubectlOrThrow(wait, { timeoutMs: 100_000 });
}

async function buildWhenStale(): Promise<void> {
  const built = statSync(ARCHIVE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isNewer = (file: string) => statSync(join(CHECKOUT, file)).mtimeMs > built;
  if (!globSync(SOURCES, { cwd: CHECKOUT }).some(isNewer)) return;
  const build = join(CHECKOUT, "hack/image/build.ts");
  await runOrThrow(process.execPath, [build], { timeoutMs: 20 * 60_000, showProgress: true });
}
