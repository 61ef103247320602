/** `fsm-gateway explain SNI`: takes a snapshot of files or of the cluster, explains, prints. */
import { explain, isServed, type Shaping } from "../../explain/explain.ts";
import { parseServerNameArgument } from "../../explain/server-name-argument.ts";
import { explanationText, resultText } from "../../explain/text.ts";
import type { ExternalHostsPolicy } from "../../model/external-hosts.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { loadManifests } from "../../standalone/manifests/load.ts";
import { formatProblem } from "../../standalone/manifests/parse.ts";
import { snapshotOf } from "../../standalone/snapshot.ts";
import { withTraffic } from "../../standalone/traffic/apply.ts";
import { TrafficPolicies } from "../../standalone/traffic/policies.ts";
import { EXIT, UsageError } from "../exit.ts";
import {
  type ExternalHostsOptions,
  externalHostsPolicy,
  hasExternalHostsOptions,
  readExternalHostsOptions,
} from "../external-hosts-options.ts";
import { readScopeFromArguments } from "../read-scope-options.ts";

export interface ExplainOptions extends ExternalHostsOptions {
  readonly port?: number;
  readonly client?: string;
  readonly namespace: string;
  readonly controllerName: string;
  readonly output: "text" | "json";
  /** Print every listener and route that does not get the connection. */
  readonly all?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export async function runExplain(sni: string, files: readonly string[], options: ExplainOptions): Promise<void> {
  const { client, controllerName, output } = options;
  const { port, serverName } = parseQuery(sni, options);
  const { snapshot, shape } = files.length === 0 ? await cluster(options) : fromFiles(files, options);
  const ours = { ...snapshot, controllerName };
  const question = { serverName, ...(port !== undefined && { port }), ...(client !== undefined && { client }) };
  const explanations = explain(ours, question, shape);
  if (output === "json")
    console.log(JSON.stringify({ version: 1, serverName: serverName ?? null, explanations }, null, 2));
  else {
    const maxLosers = options.all === true ? Number.POSITIVE_INFINITY : undefined;
    const details = explanations.map((explanation) => explanationText(explanation, maxLosers));
    console.log([resultText(explanations, { serverName, port }), ...details].join("\n\n"));
  }
  process.exitCode = isServed(explanations, port) ? EXIT.ok : EXIT.failed;
}

/** @throws UsageError if the argument is not a server name, or has another port than `--port`. */
function parseQuery(sni: string, { port }: ExplainOptions) {
  const argument = parseServerNameArgument(sni);
  if ("problem" in argument) throw new UsageError([argument.problem]);
  if (argument.port !== undefined && port !== undefined && argument.port !== port) {
    throw new UsageError([`"${sni}" has port ${argument.port}, and --port is ${port}: name one`]);
  }
  return { serverName: argument.serverName, port: port ?? argument.port };
}

interface World {
  readonly snapshot: Snapshot;
  readonly shape?: Shaping;
}

function fromFiles(files: readonly string[], options: ExplainOptions): World {
  const { manifests, problems } = loadManifests(files, options.namespace);
  if (problems.length > 0) throw new UsageError(problems.map(formatProblem));
  const policies = new TrafficPolicies(manifests);
  return {
    snapshot: snapshotOf(manifests, new Map(), externalHostsPolicy(options)),
    shape: (config, gateway) => withTraffic(config, gateway, policies).config,
  };
}

/** A cluster has no traffic policies: see docs/guides/traffic.md. */
async function cluster(options: ExplainOptions): Promise<World> {
  const { readCluster } = await import("../../operator/explain/read-cluster.ts");
  const { loadKubeconfig } = await import("../../operator/kube/kubeconfig.ts");
  const { KubeClient } = await import("../../operator/kube/client.ts");
  const config = loadKubeconfig(options);
  if ("problem" in config) throw new UsageError([`the cluster cannot be read: ${config.problem}`]);
  const readAll = async () =>
    readCluster(new KubeClient(config.config), options.controllerName, readScopeFromArguments);
  const { snapshot, operatorArguments, areRightsKnown } = await readAll().catch((error: Error) => {
    throw new UsageError([`the cluster cannot be read: ${error.message}; name files, or check the kubeconfig`]);
  });
  if (operatorArguments !== undefined && !areRightsKnown) {
    console.error(
      "The operator's rights to read Secrets and ConfigMaps are assumed, because the user of the kubeconfig may not create subjectaccessreviews.authorization.k8s.io; grant that to review them.",
    );
  }
  return { snapshot: { ...snapshot, externalHosts: clusterPolicy(options, operatorArguments) } };
}

/** Returns the operator's policy, unless the command line sets one. */
function clusterPolicy(options: ExplainOptions, operatorArguments: readonly string[] | undefined): ExternalHostsPolicy {
  if (hasExternalHostsOptions(options)) return externalHostsPolicy(options);
  if (operatorArguments !== undefined) return externalHostsPolicy(readExternalHostsOptions(operatorArguments));
  console.error(
    `No Deployment of an operator with controller name ${options.controllerName} can be read. The default policy for external hosts is assumed; set --external-hosts… as the operator has them.`,
  );
  return externalHostsPolicy({});
}
