/**
 * Cuts in the node's network, and their mending. Only packets of the named Pods and ports are dropped, in the network namespace of
 * the test's own cluster.
 */
import type { RunningPod } from "../e2e/operator.ts";
import type { World } from "./world.ts";

const API_SERVER_PORT = 6443;
const TABLE = "inet chaos";

/** Nothing passes between these Pods and the API server, either way. */
export function cutFromApiServer(world: World, pods: readonly RunningPod[]): Promise<void> {
  const rules = pods.flatMap(({ address }) => [
    `add rule ${TABLE} input ip saddr ${address} tcp dport ${API_SERVER_PORT} drop`,
    `add rule ${TABLE} output ip daddr ${address} tcp sport ${API_SERVER_PORT} drop`,
  ]);
  return nft(world, rules);
}

/** The node, the API server on it, does not reach this port of the Pods. */
export function cutFromNode(world: World, pods: readonly RunningPod[], port: number): Promise<void> {
  return nft(
    world,
    pods.map(({ address }) => `add rule ${TABLE} output ip daddr ${address} tcp dport ${port} drop`),
  );
}

async function nft(world: World, rules: readonly string[]): Promise<void> {
  const chains = ["input", "output"].map((hook) => {
    return `add chain ${TABLE} ${hook} { type filter hook ${hook} priority 10; policy accept; }`;
  });
  await inNode(world, ["nft", "-f", "-"], [`add table ${TABLE}`, ...chains, ...rules, ""].join("\n"));
}

/** May be called when nothing is cut. */
export async function mend(world: World): Promise<void> {
  await inNode(world, ["nft", "-f", "-"], `add table ${TABLE}\ndelete table ${TABLE}\n`);
}

/**
 * Destroys the connections of these Pods with the API server, as a load balancer does that fails over. Those of a process that was killed
 * are among them: the kernel would send what the process has written once packets pass again.
 */
export async function destroyConnections(world: World, pods: readonly RunningPod[]): Promise<number> {
  let destroyed = 0;
  for (const { address } of pods) {
    const filter = ["state", "connected", "sport", "=", `:${API_SERVER_PORT}`, "and", "dst", address];
    const lines = await inNode(world, ["ss", "-K", "-H", "-t", "-n", ...filter]);
    destroyed += lines.trim().split("\n").filter(Boolean).length;
  }
  return destroyed;
}

async function inNode(world: World, command: readonly string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await world.cluster.node(command, { input });
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}
