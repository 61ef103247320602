/** Faults of proxies: killed, rolled out, evicted. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { OPERATOR_NAMESPACE } from "../../../src/model/identity.ts";
import { killProgram, type RunningPod } from "../../e2e/operator.ts";
import { waitFor } from "../../support/cluster.ts";
import type { Fault } from "../fault.ts";
import { leader, lease, openConnections, operators, ourProxies, seconds, takenOverAt } from "../look.ts";
import { HOSTS, NAMESPACE, PROXIES, type World } from "../world.ts";

/** The kubelet looks at containers once a second, tells the API server, and kube-proxy writes its rules within a second or two. */
const UNNOTICED_MS = 5_000;

export const proxyKilled: Fault = {
  name: "proxy-killed",
  title: "one of two proxies is killed (SIGKILL)",
  cuts: "its own; new ones that the node still sends it, until Kubernetes has taken it out",
  isQuick: true,
  run: async (world) => {
    const [victim] = await ourProxies(world);
    assert.ok(victim !== undefined);
    const longEnded = await openConnections(victim, HOSTS.long);
    const fromMs = Date.now();
    killProgram(victim, "proxy");
    await waitFor("it is back", async () => {
      const now = (await ourProxies(world)).find(({ name }) => name === victim.name);
      return now !== undefined && now.restarts > victim.restarts && now.ready;
    });
    const backMs = Date.now() - fromMs;
    const reasons = /^(ECONNREFUSED|ECONNRESET|closed by the peer|empty answer)$/;
    return {
      facts: { "its long connections": String(longEnded), "ready again after": seconds(backMs) },
      allowed: { fromMs: fromMs - 1_000, untilMs: fromMs + UNNOTICED_MS, reasons, longEnded },
    };
  },
};

export const proxyRollout: Fault = {
  name: "proxy-rollout",
  title: "the proxies are rolled out anew",
  cuts: "no connection: long ones have 60 s to end",
  isQuick: false,
  run: async (world) => {
    const before = await ourProxies(world);
    const fromMs = performance.now();
    await world.kubectl("rollout", "restart", "deployment/fsm-gateway-app");
    await world.kubectl("rollout", "status", "deployment/fsm-gateway-app", "--timeout=55s");
    const tookMs = performance.now() - fromMs;
    const now = await ourProxies(world);
    const replaced = now.filter(({ uid, ready }) => ready && !before.some((old) => old.uid === uid));
    assert.equal(replaced.length, PROXIES);
    return { facts: { "rolled out in": seconds(tookMs) } };
  },
};

export const eviction: Fault = {
  name: "eviction",
  title: "both proxies, then both operators, are evicted, as for the drain of a node",
  cuts: "no connection: long ones have 60 s to end",
  isQuick: false,
  run: async (world) => {
    const refusedProxies = await evictAll(world, NAMESPACE, await ourProxies(world));
    const [first, before] = [await leader(world), await lease(world)];
    const rest = (await operators(world)).filter(({ name }) => name !== first.name);
    const fromMs = Date.now();
    const evicting = evictAll(world, OPERATOR_NAMESPACE, [first, ...rest]);
    const tookMs = (await takenOverAt(world, before)) - fromMs;
    const refusedOperators = await evicting;
    assert.ok(
      refusedProxies > 0 && refusedOperators > 0,
      "a budget refused the second while the first was not replaced",
    );
    const facts = {
      "refused for the budget, proxies and operators": `${refusedProxies}, ${refusedOperators}`,
      "leader handed over after": seconds(tookMs),
    };
    return { facts };
  },
};

/** One after the other, each as soon as the budget allows. Returns how often it did not. */
async function evictAll({ cluster }: World, namespace: string, pods: readonly RunningPod[]): Promise<number> {
  let refused = 0;
  for (const { name } of pods) {
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
    const deadline = performance.now() + 60_000;
    for (;;) {
      const input = JSON.stringify(eviction);
      const { code, stderr } = await cluster.kubectl(["create", "--raw", path, "-f", "-"], { input });
      if (code === 0) break;
      assert.match(stderr, /disruption budget/);
      assert.ok(performance.now() < deadline, `${name} is not evicted in a minute: ${stderr}`);
      refused++;
      await sleep(500);
    }
  }
  return refused;
}
