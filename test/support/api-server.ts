/**
 * A real API server without a node (hack/cluster/api-only), for tests that need the Kubernetes API and no pods. Needs
 * Linux and Go, not root; one a test file, on ports of its own. Owns the folder and the ports, nothing more.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandOptions, type CommandResult, runCommand, runOrThrow } from "./run-command.ts";

const script = fileURLToPath(new URL("../../hack/cluster/api-only", import.meta.url));

/** From nothing, the first start compiles Kubernetes: about eight minutes on two cores. */
const START_TIMEOUT_MS = 30 * 60_000;
/** The API server's port and the four after it, which etcd and the controllers take. */
const PORTS = 5;

export interface ApiServer {
  /** Path of a kubeconfig of a cluster administrator. */
  readonly kubeconfig: string;
  kubectl(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Throws, with the script's own words, when it cannot start. */
export async function startApiServer(): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), "fsm-gateway-api-"));
  const stop = async () => {
    await runOrThrow(script, ["down", folder]);
    await rm(folder, { recursive: true, force: true });
  };
  const port = await freePorts();
  try {
    await runOrThrow(script, ["up", folder, String(port)], { timeoutMs: START_TIMEOUT_MS, showProgress: true });
  } catch (cause) {
    await stop();
    throw cause;
  }
  const kubeconfig = join(folder, "kubeconfig");
  const flags = ["--kubeconfig", kubeconfig, "--cache-dir", join(folder, "kubectl-cache")];
  return {
    kubeconfig,
    stop,
    kubectl: (args, options) => runCommand(join(folder, "bin/kubectl"), [...flags, ...args], options),
  };
}

/** The first of five free ports in a row. Below 32768, where Linux begins to hand out ports to clients. */
async function freePorts(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 12_000);
    const held = await Promise.all(Array.from({ length: PORTS }, (_, offset) => listen(first + offset)));
    const servers = held.filter((server) => server !== undefined);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    if (servers.length === PORTS) return first;
  }
  throw new Error(`no ${PORTS} free ports in a row on 127.0.0.1`);
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
