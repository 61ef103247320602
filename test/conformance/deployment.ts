/**
 * The cluster that the suite runs against: the gateway as its users deploy it, and the images of the suite's own backends.
 * Owns nothing of the suite's course.
 */
import { globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT, deployedCluster } from "../e2e/deploy.ts";
import type { Cluster } from "../support/cluster.ts";
import { runOrThrow } from "../support/run-command.ts";

export const CLUSTER_NAME = "fsm-conformance";
/** From nothing it is Kubernetes' DNS server and the suite: three minutes on two cores. */
const BUILD_TIMEOUT_MS = 20 * 60_000;

export interface Suite {
  /** A Go test binary. */
  readonly program: string;
  /** OCI archives of every image that its manifests name. */
  readonly archives: readonly string[];
}

export async function builtSuite(): Promise<Suite> {
  const part = join(CHECKOUT, "hack/cluster/part");
  const output = await runOrThrow(part, ["conformance"], { timeoutMs: BUILD_TIMEOUT_MS, showProgress: true });
  const folder = output.trim();
  const archives = globSync("*.tar", { cwd: folder }).map((name) => join(folder, name));
  return { program: join(folder, "suite"), archives };
}

export async function conformanceCluster({ archives }: Suite): Promise<Cluster> {
  const cluster = await deployedCluster(CLUSTER_NAME);
  for (const file of archives) await cluster.loadImage(file);
  return cluster;
}

/** As the GatewayClass's status has them, in the form of the suite's flag. */
export async function supportedFeatures(cluster: Cluster): Promise<string> {
  const path = "jsonpath={.status.supportedFeatures[*].name}";
  const names = await cluster.kubectlOrThrow(["get", "gatewayclass/fsm", "-o", path]);
  return names.trim().split(/\s+/).join(",");
}

/** The operator's log, for whoever looks for the cause of a failure when the cluster is gone. */
export async function saveLogs(cluster: Cluster, folder: string): Promise<void> {
  const select = ["-l", "app.kubernetes.io/name=fsm-gateway", "--tail=-1", "--prefix"];
  const { stdout, stderr } = await cluster.kubectl(["-n", "fsm-gateway-system", "logs", ...select]);
  writeFileSync(join(folder, "operator.log"), stdout + stderr);
}
