/**
 * The operator is killed while everything is applied: what serves, serves on, and who comes back writes nothing. Asserted from
 * the resourceVersions of all that the operator writes, and from the proxies' own counters.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends } from "./backends.ts";
import { deployedCluster } from "./deploy.ts";
import { applyPair, programmedAddress } from "./gateways.ts";
import {
  configsApplied,
  isLeading,
  killProgram,
  operatorPods,
  proxyPods,
  type RunningPod,
  subscriptions,
} from "./operator.ts";
import { startTraffic, total } from "./traffic.ts";

/** Longer than a new leader waits for proxies before it writes what depends on their word. */
const SETTLE_MS = 35_000;
/** A lease lasts 15 s after its last renewal; who waits for it looks every 2 s. */
const TAKEOVER_MS = 20_000;

const WRITTEN = "gatewayclasses,gateways,tlsroutes,services,deployments,configmaps,serviceaccounts,networkpolicies";
const WEBHOOK = "validatingwebhookconfigurations";

describe("an operator that is killed", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let client: {
    address: string;
    port: number;
    serverName: string;
    caFile: string;
    concurrency: number;
    pauseMs: number;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await deployedCluster();
    const caFile = await deployBackends(cluster, { namespace: "default", folder, names: ["a"], host: "app.example" });
    await applyPair(cluster, "default", "inside", { backend: { name: "a", port: BACKEND_PORT } });
    await applyPair(cluster, "default", "outside");
    const address = await programmedAddress(cluster, "default", "inside");
    await programmedAddress(cluster, "default", "outside");
    client = { address, port: 8000, serverName: "app.example", caFile, concurrency: 2, pauseMs: 100 };
    await waitFor("a leader", () => leader());
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  async function leader(): Promise<RunningPod | undefined> {
    for (const pod of await operatorPods(cluster)) {
      if (await isLeading(cluster, pod).catch(() => false)) return pod;
    }
    return undefined;
  }

  /** `kind/namespace/name` to resourceVersion, of all that the operator writes and of what it must not. */
  async function versions(): Promise<Readonly<Record<string, string>>> {
    const namespaced = ["get", WRITTEN, "-n", "default", "-o", "json"];
    const global = ["get", WEBHOOK, "fsm-gateway", "-o", "json"];
    const lists = await Promise.all([namespaced, global].map((args) => cluster.kubectlOrThrow(args)));
    const items = lists.map((text) => JSON.parse(text)).flatMap((found) => found.items ?? [found]);
    return Object.fromEntries(
      items.map(({ kind, metadata }) => [`${kind} ${metadata.name}`, metadata.resourceVersion as string]),
    );
  }

  async function applied(): Promise<Readonly<Record<string, number>>> {
    const proxies = await proxyPods(cluster, "default");
    return Object.fromEntries(
      await Promise.all(proxies.map(async (pod) => [pod.name, await configsApplied(cluster, pod)] as const)),
    );
  }

  it("writes no object and changes no proxy's table after its restart, and traffic flows all the time", async (t) => {
    const [before, tables] = [await versions(), await applied()];
    for (const kind of ["GatewayClass fsm", "Gateway inside", "TLSRoute outside", "Deployment fsm-gateway-inside"]) {
      assert.ok(before[kind], `${kind} is looked at`);
    }
    assert.equal(Object.keys(tables).length, 2);
    for (const count of Object.values(tables)) assert.ok(count > 0, "the counters count");
    const traffic = startTraffic(cluster, { ...client, seconds: 240 });
    const killed = await operatorPods(cluster);
    assert.equal(killed.length, 2);
    for (const pod of killed) killProgram(pod);

    await waitFor(
      "both replicas are back",
      async () => {
        const pods = await operatorPods(cluster);
        return pods.every(({ uid, restarts, ready }) =>
          killed.some((old) => old.uid === uid && restarts === old.restarts + 1 && ready),
        );
      },
      60_000,
    );
    const leading = await waitFor("one leads again", leader, 60_000);
    await waitFor("the proxies are subscribed again", async () => (await subscriptions(cluster, leading)) >= 2, 60_000);
    await sleep(SETTLE_MS);

    assert.deepEqual(await versions(), before);
    assert.deepEqual(await applied(), tables);
    const { answers, errors } = await traffic.stop();
    t.diagnostic(`${total(answers)} connections meanwhile`);
    assert.deepEqual(errors, {});
    assert.ok(total(answers) > 100, `${total(answers)} connections`);
  });

  it("is followed by the other replica when it led", async (t) => {
    const old = await waitFor("a leader", leader);
    const [before, tables] = [await versions(), await applied()];
    const traffic = startTraffic(cluster, { ...client, seconds: 120 });
    const killedAt = performance.now();
    killProgram(old);
    const other = await waitFor(
      "the other leads",
      async () => {
        const pod = await leader();
        return pod !== undefined && pod.name !== old.name && pod;
      },
      60_000,
    );
    const takeoverMs = performance.now() - killedAt;
    t.diagnostic(`taken over after ${Math.round(takeoverMs)} ms`);
    assert.ok(takeoverMs <= TAKEOVER_MS, `${takeoverMs} ms`);
    await waitFor("the proxies are subscribed again", async () => (await subscriptions(cluster, other)) >= 2, 60_000);
    assert.deepEqual(await versions(), before);
    assert.deepEqual(await applied(), tables);
    assert.deepEqual((await traffic.stop()).errors, {});
  });
});
