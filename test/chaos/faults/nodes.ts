/**
 * Faults of nodes and of the network between them. Node 1 runs the API server, cluster DNS, the backends and one of the two
 * proxies; node 2 runs the other proxy and the leading operator when the fault starts.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Gateway } from "../../../src/gateway-api/objects.ts";
import { OPERATOR_NAMESPACE, PROXY_ADMIN_PORT } from "../../../src/model/identity.ts";
import type { RunningPod } from "../../e2e/operator.ts";
import { waitFor } from "../../support/cluster.ts";
import { GATEWAYS, PODS } from "../../support/resource-types.ts";
import type { Fault } from "../fault.ts";
import {
  ask,
  isLeading,
  leader,
  lease,
  openConnections,
  operators,
  ourProxies,
  seconds,
  takenOverAt,
} from "../look.ts";
import { GATEWAY, HOSTS, LONG_CONNECTIONS, NAMESPACE, PORT, PROXIES, type World } from "../world.ts";

const FIRST_NODE = "node1";
const SECOND_NODE = "node2";
/** A lease lasts 15 s after its last renewal; followers check it every second. */
const TAKEOVER_MS = 20_000;
/** Less than the 40 s after which the test cluster considers a node dead: its Pods stay in their Services. */
const SPLIT_MS = 30_000;
/** The 40 s, the node controller's own interval of 5 s, and the update of EndpointSlices and kube-proxy's rules. */
const NODE_DEAD_MS = 75_000;
const BOOT_MS = 120_000;
/** From a Pod that is ready to kube-proxy's rules. */
const SERVICE_UPDATE_MS = 3_000;
/** As many connections in a row reach every proxy that the Service still has. */
const CONSECUTIVE_ANSWERS = 20;

const UNANSWERED =
  /^(no answer in time|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|closed by the peer|empty answer)$/;

export const nodeDies: Fault = {
  name: "node-dies",
  title:
    "a node with a proxy and the leading operator loses its power, and boots again after Kubernetes considered it dead",
  cuts: "its own; new ones that are sent there, until Kubernetes considers the node dead (40 s in this cluster), and while it boots and its Pods have no new addresses yet",
  isQuick: false,
  run: async (world) => {
    const before = await prepare(world);
    const { longEnded, fromMs } = before;
    let takenMs: number;
    let answeredMs: number;
    await world.cluster.power(2, "off");
    try {
      takenMs = await takeoverWithoutSecondNode(world, before);
      await waitFor("the other proxy gets all connections", () => answersInARow(world), NODE_DEAD_MS);
      answeredMs = Date.now();
      await waitFor(
        "Programmed counts one proxy",
        async () => (await programmedMessage(world)) === "Served by 1 proxy",
      );
    } finally {
      await world.cluster.power(2, "on");
    }
    await waitFor("the node's Pods run again", () => hasRestarted(world, before), BOOT_MS);
    const untilMs = Date.now() + SERVICE_UPDATE_MS;
    return {
      facts: {
        "its long connections": String(longEnded),
        "taken over after": seconds(takenMs - fromMs),
        "every new connection answered after": seconds(answeredMs - fromMs),
      },
      allowed: { fromMs: fromMs - 1_000, untilMs, reasons: UNANSWERED, longEnded },
    };
  },
};

export const networkSplit: Fault = {
  name: "network-split",
  title:
    "two nodes cannot reach each other for 30 s: one has the API server and a proxy, the other the leading operator and a proxy",
  cuts: "what enters by the first node's address and is sent to the other's proxy",
  isQuick: false,
  run: async (world) => {
    const before = await prepare(world);
    const { far, longEnded, fromMs } = before;
    let takenMs: number;
    await world.cluster.split("on");
    try {
      takenMs = await takeoverWithoutSecondNode(world, before);
      assert.equal(await readiness(far), 200, "the other keeps its last configuration and stays ready");
      await sleep(Math.max(0, SPLIT_MS - (Date.now() - fromMs)));
    } finally {
      await world.cluster.split("off");
    }
    const untilMs = Date.now() + 2_000;
    await waitFor("one operator leads", async () => {
      const leading = await Promise.all((await operators(world)).map(isLeading));
      return leading.filter(Boolean).length === 1;
    });
    const facts = { "its long connections": String(longEnded), "taken over after": seconds(takenMs - fromMs) };
    return { facts, allowed: { fromMs: fromMs - 10_000, untilMs, reasons: UNANSWERED, longEnded } };
  },
};

interface BeforeFault {
  readonly near: RunningPod;
  readonly far: RunningPod;
  /** The operator on the second node. */
  readonly leading: RunningPod;
  /** Long connections through the second node's proxy. */
  readonly longEnded: number;
  readonly lease: Awaited<ReturnType<typeof lease>>;
  readonly fromMs: number;
}

/** Places the Pods on the nodes and records what the second node has, just before the fault. */
async function prepare(world: World): Promise<BeforeFault> {
  const { near, far } = await placeOnNodes(world);
  // The proxy of the second node may still hold connections that clients gave up while the network was divided.
  const longEnded = LONG_CONNECTIONS - (await openConnections(near, HOSTS.long));
  const leading = await leader(world);
  return { near, far, leading, longEnded, lease: await lease(world), fromMs: Date.now() };
}

/** Waits until an operator on the first node leads, and checks that the proxy there serves. Returns the time of the takeover. */
async function takeoverWithoutSecondNode(world: World, before: BeforeFault): Promise<number> {
  const takenMs = await takenOverAt(world, before.lease);
  const tookMs = takenMs - before.fromMs;
  assert.ok(tookMs <= TAKEOVER_MS, `taken over after ${tookMs} ms`);
  assert.ok(await ask(world, before.near.address, PORT, HOSTS.short), "the proxy on the first node serves");
  return takenMs;
}

/** Moves Pods until each node has a proxy and an operator, and the second has the leader. Returns the proxies of the first and the second node. */
async function placeOnNodes(world: World): Promise<{ near: RunningPod; far: RunningPod }> {
  const find = (pods: readonly RunningPod[], node: string) => pods.find((pod) => pod.ready && pod.node === node);
  const placed = await waitFor(
    "a proxy on each node",
    async () => {
      const pods = await ourProxies(world);
      const [near, far] = [find(pods, FIRST_NODE), find(pods, SECOND_NODE)];
      if (near !== undefined && far !== undefined) return { near, far };
      const [first] = pods;
      if (pods.length === PROXIES && pods.every(({ ready }) => ready) && first !== undefined)
        await world.client.delete(PODS, { namespace: NAMESPACE, name: first.name });
      return undefined;
    },
    BOOT_MS,
  );
  await waitFor(
    "an operator on each node, the leader on the second",
    async () => {
      if ((await operators(world)).filter(({ ready }) => ready).length < 2) return false;
      const leading = await leader(world);
      const other = (await operators(world)).find(({ name }) => name !== leading.name);
      if (leading.node === SECOND_NODE && other?.node === FIRST_NODE) return true;
      // Both on one node: one of them moves. On two: the other one takes over.
      const { name } = other !== undefined && other.node === leading.node ? other : leading;
      await world.client.delete(PODS, { namespace: OPERATOR_NAMESPACE, name });
      return false;
    },
    BOOT_MS,
  );
  return placed;
}

async function answersInARow(world: World): Promise<boolean> {
  for (let i = 0; i < CONSECUTIVE_ANSWERS; i++) await ask(world, world.address, PORT, HOSTS.short);
  return true;
}

async function programmedMessage({ client }: World): Promise<string | undefined> {
  const { status } = await client.get<Gateway>(GATEWAYS, { namespace: NAMESPACE, name: GATEWAY });
  return status?.listeners?.[0]?.conditions?.find(({ type }) => type === "Programmed")?.message;
}

async function readiness({ address }: RunningPod): Promise<number> {
  const url = `http://${address}:${PROXY_ADMIN_PORT}/readyz`;
  return (await fetch(url, { signal: AbortSignal.timeout(5_000) })).status;
}

/**
 * Reports whether the Pods of the second node have restarted and are ready. A kubelet that has just booted reports them as
 * ready for a while, as they were before.
 */
async function hasRestarted(world: World, { far, leading }: BeforeFault): Promise<boolean> {
  const pods = [...(await ourProxies(world)), ...(await operators(world))];
  return [far, leading].every((before) =>
    pods.some(({ name, restarts, ready }) => name === before.name && restarts > before.restarts && ready),
  );
}
