/** Nobody notices that a route changes: many connections at once, while its backend is changed back and forth. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends } from "./backends.ts";
import { deployedCluster } from "./deploy.ts";
import { applyPair, programmedAddress } from "./gateways.ts";
import { startTraffic, total } from "./traffic.ts";

const SECONDS = 30;
const CONCURRENCY = 200;
const CHANGE_EVERY_MS = 300;
/** kubectl takes a while itself, on a machine that is busy with the traffic. */
const LEAST_CHANGES = 15;

describe("traffic while a route changes", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let caFile: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await deployedCluster();
    caFile = await deployBackends(cluster, { namespace: "default", folder, names: ["a", "b"], host: "app.example" });
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  async function changeBackend(name: string): Promise<void> {
    const patch = [{ op: "replace", path: "/spec/rules/0/backendRefs/0/name", value: name }];
    await cluster.kubectlOrThrow(["patch", "tlsroute", "app", "--type=json", "-p", JSON.stringify(patch)]);
  }

  it(`${CONCURRENCY} connections at a time for ${SECONDS} s: no error`, async (t) => {
    // With hostnames: kubectl patches v1, which validates the whole object and wants them.
    const backend = { name: "a", port: BACKEND_PORT };
    await applyPair(cluster, "default", "app", { backend, hostnames: ["app.example"] });
    const address = await programmedAddress(cluster, "default", "app");
    const options = { address, port: 8000, serverName: "app.example", caFile, pauseMs: 0 };
    const traffic = startTraffic(cluster, { ...options, concurrency: CONCURRENCY, seconds: SECONDS });
    let over = false;
    const counted = traffic.count.finally(() => (over = true));
    // Awaited below; a patch that fails first must be what the test tells.
    counted.catch(() => {});
    let changes = 0;
    while (!over) {
      await changeBackend(changes % 2 === 0 ? "b" : "a");
      changes++;
      await Promise.race([sleep(CHANGE_EVERY_MS), counted]);
    }
    const { answers, errors } = await counted;
    t.diagnostic(`${total(answers)} connections, ${changes} changes, ${JSON.stringify(answers)}`);
    assert.deepEqual(errors, {});
    assert.deepEqual(Object.keys(answers).sort(), ["a", "b"]);
    for (const n of Object.values(answers)) assert.ok(n > CONCURRENCY, `both backends were used: ${n}`);
    assert.ok(changes >= LEAST_CHANGES, `${changes} changes`);
  });
});
