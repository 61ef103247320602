/**
 * From the manifest of before to this one, under load: no new connection fails, and one that has been open all the time outlives the
 * rollout of its proxy. previous-install.yaml runs today's program under the name of another image, so that operator and proxies
 * are both rolled out; it has today's definitions and rights, which the program needs.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends, ENCRYPTED } from "./backends.ts";
import { applyCrds, freshCluster, INSTALL_MANIFEST, operatorReady } from "./deploy.ts";
import { applyPair, programmedAddress } from "./gateways.ts";
import { proxyPods } from "./operator.ts";
import { startTalk } from "./talk.ts";
import { startTraffic, total } from "./traffic.ts";

const HOST = "app.example";
const PREVIOUS_IMAGE = "localhost/fsm-gateway:previous";
const IMAGE = "localhost/fsm-gateway:dev";
/** What the program of today cannot do without, whatever manifest it was installed by. */
const NEEDED = ["Namespace", "CustomResourceDefinition", "ClusterRole", "Role"];
const LONG_CONNECTIONS = 5;
/** Well within the 60 s that a proxy gives to connections when it ends. */
const LONGER_MS = 20_000;

describe("an upgrade from the previous manifest", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let caFile: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await freshCluster();
    await applyCrds(cluster, "experimental");
    await cluster.tagImage(IMAGE, PREVIOUS_IMAGE);
    const [previous, present] = await Promise.all([
      readFile(join(import.meta.dirname, "previous-install.yaml"), "utf8"),
      readFile(INSTALL_MANIFEST, "utf8"),
    ]);
    const items = [
      ...objectsOf(present).filter(({ kind }) => NEEDED.includes(kind)),
      ...objectsOf(previous).filter(({ kind }) => !NEEDED.includes(kind)),
    ];
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await cluster.kubectlOrThrow(["apply", "-f", "-"], { input });
    await operatorReady(cluster);
    caFile = await deployBackends(cluster, { namespace: "default", folder, names: ["a"], host: HOST });
    await applyPair(cluster, "default", "short", { backend: { name: "a", port: BACKEND_PORT } });
    await applyPair(cluster, "default", "long", { backend: { name: "talk", port: ENCRYPTED.port } });
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  function objectsOf(manifest: string): { readonly kind: string }[] {
    return parseAllDocuments(manifest).map((document) => document.toJS());
  }

  /** The images of what runs and is not ending, each once. */
  async function images(namespace: string, label: string): Promise<readonly string[]> {
    const list = await cluster.kubectlOrThrow(["-n", namespace, "get", "pods", "-l", label, "-o", "json"]);
    const pods: { metadata: { deletionTimestamp?: string }; spec: { containers: { image: string }[] } }[] =
      JSON.parse(list).items;
    const running = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return [...new Set(running.flatMap(({ spec }) => spec.containers.map(({ image }) => image)))];
  }

  it("drops no connection", async (t) => {
    const [short, long] = [
      await programmedAddress(cluster, "default", "short"),
      await programmedAddress(cluster, "default", "long"),
    ];
    assert.deepEqual(await images("default", "app=fsm-gateway"), [PREVIOUS_IMAGE]);
    const before = await proxyPods(cluster, "default");
    assert.equal(before.length, 2);
    const client = { port: 8000, serverName: HOST };
    const talk = await startTalk(cluster, {
      ...client,
      address: long,
      ca: await readFile(caFile, "utf8"),
      connections: LONG_CONNECTIONS,
    });
    const traffic = startTraffic(cluster, {
      ...client,
      address: short,
      caFile,
      concurrency: 4,
      pauseMs: 20,
      seconds: 300,
    });

    await cluster.kubectlOrThrow(["apply", "-f", INSTALL_MANIFEST]);
    await operatorReady(cluster);
    assert.deepEqual(await images("fsm-gateway-system", "app=fsm-gateway-operator"), [IMAGE]);
    for (const name of ["short", "long"]) {
      await waitFor(
        `the proxies of ${name} run the new image`,
        async () => (await images("default", `gateway.networking.k8s.io/gateway-name=${name}`)).join() === IMAGE,
        90_000,
      );
      await cluster.kubectlOrThrow(["rollout", "status", `deployment/fsm-gateway-${name}`, "--timeout=55s"]);
    }
    await sleep(LONGER_MS);

    const open = await talk.stop();
    const { answers, errors } = await traffic.stop();
    const lines = total(open.answers);
    t.diagnostic(`${total(answers)} new connections, ${lines} lines over ${LONG_CONNECTIONS} that stayed open`);
    assert.deepEqual(errors, {});
    assert.ok(total(answers) > 200, `${total(answers)} connections`);
    assert.deepEqual(open.errors, {});
    assert.equal(total(open.certificates), LONG_CONNECTIONS);
    // A line in 100 ms, of each, for longer than the rollout took.
    assert.ok(lines > LONG_CONNECTIONS * 100, `${lines} lines`);
    const now = await proxyPods(cluster, "default");
    assert.ok(now.every(({ restarts }) => restarts === 0));
    for (const name of ["short", "long"]) await programmedAddress(cluster, "default", name);
  });
});
