/**
 * `kubectl delete -f install.yaml` leaves nothing of ours. Gateways are their owners': theirs serve on as they are configured, without
 * an operator, and what was made for one goes with it.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends } from "./backends.ts";
import { applyCrds, freshCluster, INSTALL_MANIFEST, operatorReady } from "./deploy.ts";
import { applyPair, programmedAddress } from "./gateways.ts";
import { addedSince, inventory } from "./inventory.ts";
import { startTraffic, total } from "./traffic.ts";

const HOST = "app.example";
/** How long traffic goes on when the operator is gone. */
const ALONE_MS = 10_000;

describe("the manifest, deleted", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let caFile: string;
  let bare: ReadonlySet<string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await freshCluster();
    await applyCrds(cluster, "experimental");
    caFile = await deployBackends(cluster, { namespace: "default", folder, names: ["a"], host: HOST });
    bare = await inventory(cluster);
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  it("leaves Gateways serving as they are", async (t) => {
    await cluster.kubectlOrThrow(["apply", "-f", INSTALL_MANIFEST]);
    await operatorReady(cluster);
    await applyPair(cluster, "default", "app", { backend: { name: "a", port: BACKEND_PORT } });
    const address = await programmedAddress(cluster, "default", "app");
    const client = { address, port: 8000, serverName: HOST, caFile, concurrency: 2, pauseMs: 50 };
    const traffic = startTraffic(cluster, { ...client, seconds: 180 });

    await cluster.kubectlOrThrow(["delete", "-f", INSTALL_MANIFEST, "--timeout=90s"], { timeoutMs: 100_000 });
    await sleep(ALONE_MS);
    const { answers, errors } = await traffic.stop();
    t.diagnostic(`${total(answers)} connections meanwhile`);
    assert.deepEqual(errors, {});
    assert.ok(total(answers) > 100, `${total(answers)} connections`);
    const left = await addedSince(cluster, bare);
    // A Service has an object for its address besides.
    const ofGateway = /^(Gateway|TLSRoute) default app$|^\w+ default fsm-gateway-app(-|$)|^IPAddress <none> /;
    for (const object of left) assert.match(object, ofGateway, `left: ${left.join(", ")}`);
    assert.ok(left.includes("Deployment default fsm-gateway-app"), `left: ${left.join(", ")}`);
  });

  it("leaves nothing once the Gateways are gone too", async () => {
    await cluster.kubectlOrThrow(["delete", "gateway/app", "tlsroute/app"]);
    // A proxy that ends gives its connections 60 s; there are none.
    const gone = async () => (await addedSince(cluster, bare)).length === 0;
    await waitFor("nothing is left", gone, 90_000).catch(() => {});
    assert.deepEqual(await addedSince(cluster, bare), []);
    const now = await inventory(cluster);
    const missing = [...bare].filter((object) => !now.has(object));
    assert.deepEqual(missing, [], "nobody else's went");
  });
});
