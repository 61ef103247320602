/** Faults of the API server, and of what lies between it and the operators. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { BACKEND_PORT } from "../../e2e/backends.ts";
import { waitFor } from "../../support/cluster.ts";
import { apiServer, apiServerReady } from "../api-server.ts";
import { changeFresh, isServed } from "../converge.ts";
import type { Fault, FaultOutcome } from "../fault.ts";
import { ask, assertSameProcesses, leader, operators, seconds, versions } from "../look.ts";
import { cutFromApiServer, destroyConnections, mend } from "../network.ts";
import { PORT, route, type World } from "../world.ts";

/** Kubernetes itself takes a node that has not been heard for 50 s for dead, and its Pods out of their Services. */
const AWAY_MS = 15_000;

export const apiServerKilled: Fault = {
  name: "api-server-killed",
  title: "the API server is killed, and started after 15 s",
  cuts: "no connection",
  isQuick: false,
  run: (world) => withoutApiServer(world, "kill", "start"),
};

export const apiServerPaused: Fault = {
  name: "api-server-paused",
  title: "the API server stands still for 15 s (SIGSTOP): every request hangs",
  cuts: "no connection",
  isQuick: false,
  run: (world) => withoutApiServer(world, "pause", "continue"),
};

async function withoutApiServer(
  world: World,
  away: "kill" | "pause",
  back: "start" | "continue",
): Promise<FaultOutcome> {
  const [unwritten, before] = [await versions(world), await operators(world)];
  await apiServer(away);
  try {
    await sleep(AWAY_MS);
  } finally {
    await apiServer(back);
  }
  await apiServerReady(world);
  const backMs = performance.now();
  await leader(world);
  const ledMs = performance.now() - backMs;
  await assertSameProcesses(world, before);
  return { facts: { "one leads after": seconds(ledMs), "operators restarted": "0" }, unwritten };
}

export const watchesCut: Fault = {
  name: "watches-cut",
  title: "every connection between operators and API server is destroyed, three times, while a route changes",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    const pods = await operators(world);
    let destroyed = 0;
    const servedMs: number[] = [];
    for (let round = 0; round < 3; round++) {
      destroyed += await destroyConnections(world, pods);
      const fromMs = performance.now();
      const backend = await changeFresh(world);
      await waitFor("the change serves", () => isServed(world, backend), 30_000);
      servedMs.push(performance.now() - fromMs);
    }
    assert.ok(destroyed > pods.length * 3, `${destroyed} connections were destroyed`);
    await assertSameProcesses(world, pods);
    const facts = {
      "connections destroyed": String(destroyed),
      "a change serves after, at most": seconds(Math.max(...servedMs)),
    };
    return { facts };
  },
};

/**
 * The API server's watch cache begins anew with the process: a version from before that is older than its first list is answered with 410. What was
 * deleted meanwhile is told by no event.
 */
export const versionsExpired: Fault = {
  name: "versions-expired",
  title: "410 Gone: operators are cut off while a route is made, another deleted, and the API server begins anew",
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const host = (name: string) => `${name}.chaos.example`;
    const toA = { name: "a", port: BACKEND_PORT };
    await world.apply(route("doomed", host("doomed"), toA));
    await waitFor("it serves", () => ask(world, world.address, PORT, host("doomed")));
    const pods = await operators(world);
    const expiredBefore = await expirations(world);
    await cutFromApiServer(world, pods);
    try {
      await world.kubectl("delete", "tlsroute", "doomed");
      await world.apply(route("late", host("late"), toA));
      await apiServer("kill");
      await apiServer("start");
      await apiServerReady(world);
      await destroyConnections(world, pods);
    } finally {
      await mend(world);
    }
    const fromMs = performance.now();
    await waitFor("what was made serves", () => ask(world, world.address, PORT, host("late")));
    await waitFor("what was deleted does not serve", () =>
      ask(world, world.address, PORT, host("doomed")).then(
        () => false,
        () => true,
      ),
    );
    const tookMs = performance.now() - fromMs;
    const expired = (await expirations(world)) - expiredBefore;
    assert.ok(expired > 0, "at least one watch was answered with 410");
    await world.kubectl("delete", "tlsroute", "late");
    return { facts: { "watches answered with 410": String(expired), "right again after": seconds(tookMs) } };
  },
};

const COMPACTIONS = 5;

export const etcdCompacted: Fault = {
  name: "etcd-compacted",
  title:
    "etcd is compacted to its newest revision five times, and every watch of the operators is cut after it, while a route changes",
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const pods = await operators(world);
    const servedMs: number[] = [];
    let compacted = 0;
    for (let i = 0; i < COMPACTIONS; i++) {
      const fromMs = performance.now();
      const backend = await changeFresh(world);
      compacted = await compactEtcd(world);
      await destroyConnections(world, pods);
      await waitFor("the change serves", () => isServed(world, backend), 30_000);
      servedMs.push(performance.now() - fromMs);
    }
    assert.ok(compacted > 0, "a revision was compacted");
    await assertSameProcesses(world, pods);
    return { facts: { "a change serves after, at most": seconds(Math.max(...servedMs)) } };
  },
};

/** Compacts etcd to its newest revision, by its JSON gateway. Returns the revision. @throws when etcd rejects it. */
async function compactEtcd(world: World): Promise<number> {
  const post = async (path: string, body: object): Promise<{ readonly header: { readonly revision: string } }> => {
    const url = `http://127.0.0.1:2379/v3/kv/${path}`;
    const command = ["curl", "-sSf", "--max-time", "10", url, "-d", JSON.stringify(body)];
    const { code, stdout, stderr } = await world.cluster.node(command);
    if (code !== 0) throw new Error(`etcd ${path}: ${stderr}`);
    return JSON.parse(stdout);
  };
  const { header } = await post("range", { key: btoa("/") });
  await post("compaction", { revision: header.revision, physical: true });
  return Number(header.revision);
}

/** How often an informer has said that its version had expired. */
async function expirations(world: World): Promise<number> {
  const logs = await Promise.all((await operators(world)).map(({ name }) => world.operatorKubectl("logs", name)));
  return logs
    .join("\n")
    .split("\n")
    .filter((line) => line.includes("watch has expired")).length;
}
