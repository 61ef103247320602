/** Applying Gateways and routes, and waiting for what becomes of them. */
import type { Cluster } from "../support/cluster.ts";
import { freshGateway, type PairOptions } from "./objects.ts";

export async function apply(cluster: Cluster, namespace: string, ...objects: readonly (string | object)[]) {
  for (const object of objects) {
    const input = typeof object === "string" ? object : JSON.stringify(object);
    await cluster.kubectlOrThrow(["-n", namespace, "apply", "-f", "-"], { input });
  }
}

/** The route first: a Gateway must be complete when it says that it is Programmed. */
export async function applyPair(cluster: Cluster, namespace: string, name: string, options?: PairOptions) {
  const { gateway, route } = freshGateway(name, options);
  await apply(cluster, namespace, route, gateway);
}

/** Waits until the Gateway is Programmed, and gives back its address. */
export async function programmedAddress(cluster: Cluster, namespace: string, name: string): Promise<string> {
  const wait = ["wait", "--for=condition=Programmed", `gateway/${name}`, "--timeout=55s"];
  return cluster.kubectlOrThrow(["-n", namespace, ...wait, "-o", "jsonpath={.status.addresses[0].value}"]);
}
