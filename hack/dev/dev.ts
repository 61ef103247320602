/**
 * `npm run dev`: the operator from its sources against the current kubeconfig, started anew when a source changes. The deployed
 * operator steps aside for it and comes back at the end (takeover.ts). Exit code 2: the cluster is not as it must be.
 */
import { spawn } from "node:child_process";
import { hostname } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { OPERATOR_NAMESPACE } from "../../src/model/identity.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { NotPossible, reachableAddress, takeOver } from "./takeover.ts";

const ROOT = join(import.meta.dirname, "../..");

interface DevOptions {
  readonly address?: string;
  readonly proxyImage: string;
}

async function main(options: DevOptions): Promise<number> {
  const client = KubeClient.fromDefault();
  const address = options.address ?? (await reachableAddress());
  const giveBack = await takeOver(client, OPERATOR_NAMESPACE, address);
  console.log(`The deployed operator has stepped aside; the cluster reaches this one at ${address}. Ctrl-C ends.`);
  const code = await run(options.proxyImage);
  await giveBack();
  client.close();
  console.log("The deployed operator is back.");
  return code;
}

/** Until it ends: Ctrl-C reaches it as well as us, and it gives its lease up. */
function run(proxyImage: string): Promise<number> {
  const args = ["--watch", "--watch-preserve-output", "src/cli/main.ts", "operator"];
  const child = spawn(process.execPath, [...args, "--proxy-image", proxyImage, "--log-format", "text"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, POD_NAMESPACE: OPERATOR_NAMESPACE, POD_NAME: `dev-${hostname()}`.toLowerCase() },
  });
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 0)));
}

const program = new Command("dev")
  .description("the operator from its sources, against the current kubeconfig")
  .option("--address <ip>", "where the cluster's Pods and API server reach this machine")
  .option("--proxy-image <reference>", "image of the proxies", "localhost/fsm-gateway:dev")
  .parse();
try {
  process.exitCode = await main(program.opts<DevOptions>());
} catch (error) {
  if (!(error instanceof NotPossible)) throw error;
  console.error(`dev: ${error.message}`);
  process.exitCode = 2;
}
