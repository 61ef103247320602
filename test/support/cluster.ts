/**
 * The test cluster of hack/cluster, for tests: a real Kubernetes in network namespaces, and a world outside of it.
 * Owns the calls of those scripts and knows nothing of their insides. Needs Linux, root and Go: `up` says what is missing.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type CommandOptions, type CommandResult, runCommand, runOrThrow } from "./run-command.ts";

export type { CommandOptions, CommandResult } from "./run-command.ts";
export { waitFor } from "./wait-for.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));

/** From nothing, `up` compiles Kubernetes: about twelve minutes on two cores. */
const UP_TIMEOUT_MS = 40 * 60_000;

export type GatewayApiChannel = "standard" | "experimental";

export interface Cluster {
  /** Does nothing when it is up. Throws, with the scripts' own words, when it cannot come up. */
  up(): Promise<void>;
  /** Ends it and removes all that it made; what still runs in its two networks is killed. */
  down(): Promise<void>;
  kubectl(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** As `kubectl`, but throws on a failure. Gives back standard output. */
  kubectlOrThrow(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** `kubectl apply --server-side -f -`. Throws on a failure. */
  apply(manifests: string): Promise<string>;
  /** Runs a command as a client outside the cluster; kubectl, KUBECONFIG and curl's CA are set. */
  outside(command: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Starts a command as `outside` does and leaves it running; its pid is the command's own. */
  startOutside(command: readonly string[]): ChildProcessWithoutNullStreams;
  /** Runs a command in a node's network; `CLUSTER_NODE` in the environment selects one other than the first. */
  node(command: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Divides the network between the nodes, or joins it again. The outside world reaches each of them either way. */
  split(action: "on" | "off"): Promise<void>;
  /** Ends all processes of a node and disconnects it at once, or boots it again. The first node stays on. */
  power(node: number, action: "on" | "off"): Promise<void>;
  /** One more host of the outside world, known to cluster DNS: 10.77.0.81 and up are free. */
  addOutsideHost(address: string, ...names: string[]): Promise<void>;
  /** The CA that signed httpbin.org's certificate, as PEM. */
  outsideCa(): Promise<string>;
  /** Imports an OCI archive. */
  loadImage(file: string): Promise<void>;
  /** Gives a loaded image another name too. */
  tagImage(name: string, other: string): Promise<void>;
  /** What one part of it has logged so far; `audit` has something on a cluster that was made with `audit`. */
  log(part: string): Promise<string>;
}

export interface ClusterOptions {
  /** Log every write to the API, and what the operator reads (hack/cluster/conf/audit.yaml). Takes effect when it comes up. */
  readonly audit?: boolean;
  /** Number of nodes, 1 to 9. 1 when absent. Takes effect when it comes up. */
  readonly nodes?: number;
}

/** The cluster of that name; the default one is shared by whoever works on this machine. Nothing is started by this call. */
export function testCluster(name = "k8s", { audit = false, nodes = 1 }: ClusterOptions = {}): Cluster {
  const env = { CLUSTER_NAME: name, CLUSTER_NODES: String(nodes), ...(audit && { CLUSTER_AUDIT: "1" }) };
  const script = (file: string, args: readonly string[], options?: CommandOptions) =>
    runCommand(`${checkout}hack/cluster/${file}`, args, { ...options, env: { ...options?.env, ...env } });
  const mustRun = (file: string, args: readonly string[], options?: CommandOptions) =>
    runOrThrow(`${checkout}hack/cluster/${file}`, args, { ...options, env: { ...options?.env, ...env } });
  return {
    up: async () => void (await mustRun("up", [], { timeoutMs: UP_TIMEOUT_MS, showProgress: true })),
    down: async () => void (await mustRun("down", [])),
    kubectl: (args, options) => script("kubectl", args, options),
    kubectlOrThrow: (args, options) => mustRun("kubectl", args, options),
    apply: (manifests) => mustRun("kubectl", ["apply", "--server-side", "-f", "-"], { input: manifests }),
    outside: (command, options) => script("outside", command, options),
    startOutside: (command) =>
      spawn(`${checkout}hack/cluster/outside`, command, { cwd: checkout, env: { ...process.env, ...env } }),
    node: (command, options) => script("node", command, options),
    split: async (action) => void (await mustRun("split", [action])),
    power: async (node, action) => void (await mustRun("power", [action], { env: { CLUSTER_NODE: String(node) } })),
    addOutsideHost: async (address, ...names) => void (await mustRun("outside-host", [address, ...names])),
    outsideCa: () => mustRun("outside", ["sh", "-c", 'cat "$CURL_CA_BUNDLE"']),
    loadImage: async (file) => void (await mustRun("load-image", [file])),
    tagImage: async (image, other) => void (await mustRun("tag-image", [image, other])),
    log: (part) => mustRun("log", [part]),
  };
}

/** The CRDs of a channel of the pinned Gateway API, as one YAML stream. Fetches the module on first use. */
export function gatewayApiCrds(channel: GatewayApiChannel): Promise<string> {
  return runOrThrow(`${checkout}hack/gateway-api/crds`, [channel], { timeoutMs: 5 * 60_000 });
}

export interface ServerCertificate {
  /** PEM files: the CA of this certificate alone, the certificate, its key. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Writes a server certificate for the names and addresses into the folder, under a CA of its own. */
export async function makeCertificate(folder: string, hosts: readonly string[]): Promise<ServerCertificate> {
  await runOrThrow(`${checkout}hack/cluster/certificate`, [folder, ...hosts], { timeoutMs: 5 * 60_000 });
  return { caFile: `${folder}/ca.crt`, certFile: `${folder}/server.crt`, keyFile: `${folder}/server.key` };
}
