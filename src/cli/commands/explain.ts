/** `fsm-gateway explain SNI`: takes a snapshot of files or of the cluster, explains, prints. */
import { explain, isServed, type Shaping } from "../../explain/explain.ts";
import { explanationText } from "../../explain/text.ts";
import { normalizeHostname } from "../../gateway-api/hostname.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { loadManifests } from "../../standalone/manifests/load.ts";
import { formatProblem } from "../../standalone/manifests/parse.ts";
import { snapshotOf } from "../../standalone/snapshot.ts";
import { withTraffic } from "../../standalone/traffic/apply.ts";
import { TrafficPolicies } from "../../standalone/traffic/policies.ts";
import { EXIT, UsageError } from "../exit.ts";

export interface ExplainOptions {
  readonly port?: number;
  readonly client?: string;
  readonly namespace: string;
  readonly controllerName: string;
  readonly output: "text" | "json";
}

export async function runExplain(
  sni: string,
  files: readonly string[],
  { client, port, namespace, controllerName, output }: ExplainOptions,
): Promise<void> {
  const serverName = sni === "-" ? undefined : normalizeHostname(sni);
  const { snapshot, shape } = files.length === 0 ? await cluster() : fromFiles(files, namespace);
  const ours = { ...snapshot, controllerName };
  const question = { serverName, ...(port !== undefined && { port }), ...(client !== undefined && { client }) };
  const explanations = explain(ours, question, shape);
  if (output === "json")
    console.log(JSON.stringify({ version: 1, serverName: serverName ?? null, explanations }, null, 2));
  else if (explanations.length > 0) console.log(explanations.map(explanationText).join("\n\n"));
  else console.log(`refused: no Gateway of ours has a listener${port === undefined ? "" : ` on port ${port}`}`);
  process.exitCode = isServed(explanations) ? EXIT.ok : EXIT.failed;
}

interface World {
  readonly snapshot: Snapshot;
  readonly shape?: Shaping;
}

function fromFiles(files: readonly string[], namespace: string): World {
  const { manifests, problems } = loadManifests(files, namespace);
  if (problems.length > 0) throw new UsageError(problems.map(formatProblem));
  const policies = new TrafficPolicies(manifests);
  return {
    snapshot: snapshotOf(manifests, new Map()),
    shape: (config, gateway) => withTraffic(config, gateway, policies).config,
  };
}

/** A cluster has no traffic policies: see docs/guides/traffic.md. */
async function cluster(): Promise<World> {
  const { readCluster } = await import("../../operator/explain/read-cluster.ts");
  const snapshot = await readCluster().catch((error: Error) => {
    throw new UsageError([`the cluster cannot be read: ${error.message}; name files, or check the kubeconfig`]);
  });
  return { snapshot };
}
