/**
 * Kinds that come later: a cluster with the four definitions that a TLSRoute needs and no other. What is there is served; what is
 * installed afterwards is found and served by the operator that runs already.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends } from "./backends.ts";
import { applyCrds, deployedCluster } from "./deploy.ts";
import { apply, programmedAddress } from "./gateways.ts";
import { gatewayObject, passthrough } from "./objects.ts";
import { operatorPods } from "./operator.ts";
import { startTraffic } from "./traffic.ts";

const FIRST = ["gatewayclasses", "gateways", "tlsroutes", "referencegrants"];
const HOST = "app.example";
const ROUTED = { rules: [{ backendRefs: [{ name: "a", port: BACKEND_PORT }] }] };
/** An absent kind is looked for every few seconds; then its informer lists, and the proxies bind. */
const FOUND_MS = 60_000;

describe("kinds that the cluster does not have at first", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let caFile: string;
  let address: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await deployedCluster(undefined, (fresh) => applyCrds(fresh, "standard", FIRST));
    caFile = await deployBackends(cluster, { namespace: "default", folder, names: ["a"], host: HOST });
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  async function features(): Promise<readonly string[]> {
    const path = "jsonpath={.status.supportedFeatures[*].name}";
    return (await cluster.kubectlOrThrow(["get", "gatewayclass/fsm", "-o", path])).split(" ");
  }

  /** kubectl and the API server learn of a new kind a moment after it is established. */
  async function applySoon(object: string): Promise<void> {
    await waitFor("the object is taken", async () => {
      await apply(cluster, "default", object);
      return true;
    });
  }

  async function becomesServed(port: number): Promise<void> {
    const options = { address, port, serverName: HOST, caFile, concurrency: 1, pauseMs: 50, seconds: 0.1 };
    const count = await waitFor(
      `an answer on port ${port}`,
      async () => {
        const { answers } = await startTraffic(cluster, options).count;
        return Object.keys(answers).length > 0 && answers;
      },
      FOUND_MS,
    );
    assert.deepEqual(Object.keys(count), ["a"]);
  }

  async function nothingWasRestarted(): Promise<void> {
    const pods = await operatorPods(cluster);
    assert.equal(pods.length, 2);
    for (const { name, restarts } of pods) assert.equal(restarts, 0, `${name} was restarted`);
  }

  it("serves a TLSRoute without the others, and claims no feature of theirs", async () => {
    const tcp = { name: "tcp", protocol: "TCP", port: 9000 };
    const spec = {
      gatewayClassName: "fsm",
      allowedListeners: { namespaces: { from: "Same" } },
      listeners: [passthrough("tls", 8000), tcp],
    };
    const route = { parentRefs: [{ name: "app", sectionName: "tls" }], hostnames: [HOST], ...ROUTED };
    await apply(cluster, "default", gatewayObject("TLSRoute", "app", route), gatewayObject("Gateway", "app", spec));
    address = await programmedAddress(cluster, "default", "app");
    await becomesServed(8000);
    const claimed = await features();
    assert.ok(claimed.includes("TLSRoute"), claimed.join());
    for (const absent of ["TCPRoute", "ListenerSet"]) assert.ok(!claimed.includes(absent), claimed.join());
    await nothingWasRestarted();
  });

  it("serves a TCPRoute once its definition is installed", async (t) => {
    await applyCrds(cluster, "standard", ["tcproutes"]);
    const installedAt = performance.now();
    await applySoon(gatewayObject("TCPRoute", "app", { parentRefs: [{ name: "app", sectionName: "tcp" }], ...ROUTED }));
    await becomesServed(9000);
    t.diagnostic(`served ${Math.round(performance.now() - installedAt)} ms after the definition`);
    await waitFor("the class claims TCPRoute", async () => (await features()).includes("TCPRoute"));
    assert.ok(!(await features()).includes("ListenerSet"));
    await nothingWasRestarted();
  });

  it("serves the listener of a ListenerSet once its definition is installed", async (t) => {
    await applyCrds(cluster, "standard", ["listenersets"]);
    const installedAt = performance.now();
    await applySoon(
      gatewayObject("ListenerSet", "more", {
        parentRef: { name: "app" },
        listeners: [passthrough("more", 9443)],
      }),
    );
    const parentRefs = [{ group: "gateway.networking.k8s.io", kind: "ListenerSet", name: "more" }];
    await apply(cluster, "default", gatewayObject("TLSRoute", "more", { parentRefs, hostnames: [HOST], ...ROUTED }));
    await becomesServed(9443);
    t.diagnostic(`served ${Math.round(performance.now() - installedAt)} ms after the definition`);
    await cluster.kubectlOrThrow(["wait", "--for=condition=Programmed", "listenerset/more", "--timeout=30s"]);
    await waitFor("the class claims ListenerSet", async () => (await features()).includes("ListenerSet"));
    await becomesServed(8000);
    await nothingWasRestarted();
  });
});
