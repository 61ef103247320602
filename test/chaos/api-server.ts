/** The API server as a program of the node: killed, paused, started again; whether it answers, and what it counts. */
import { join } from "node:path";
import { CHECKOUT } from "../e2e/deploy.ts";
import { waitFor } from "../support/cluster.ts";
import { runOrThrow } from "../support/run-command.ts";
import type { World } from "./world.ts";

export const CLUSTER_NAME = "fsm-chaos";

export async function apiServer(action: "kill" | "pause" | "continue" | "start"): Promise<void> {
  const env = { CLUSTER_NAME };
  await runOrThrow(join(CHECKOUT, "hack/cluster/process"), [action, "kube-apiserver"], { env });
}

export async function apiServerReady({ client }: World): Promise<void> {
  const get = { method: "GET", path: "/readyz", timeoutMs: 2_000 } as const;
  const answers = () =>
    client.request(get).then(
      () => true,
      // It says `ok`, which is no JSON.
      (error: Error) => /the answer is no JSON/.test(error.message),
    );
  await waitFor("the API server is ready", answers, 60_000);
}

/** Lines of one metric of the API server, since it started. */
export async function apiServerMetrics({ cluster }: World, name: string): Promise<readonly string[]> {
  const text = await cluster.kubectlOrThrow(["get", "--raw", "/metrics"]);
  return text.split("\n").filter((line) => line.startsWith(`${name}{`));
}

/** Sum of the values of metric lines. */
export function sum(lines: readonly string[]): number {
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
}
