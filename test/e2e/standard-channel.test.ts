/**
 * Gateway API's standard channel: TLSRoute v1 with hostnames. The manifest comes before the CRDs here, as it may for a user:
 * the operator waits, says for what, and goes on when they are there.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends } from "./backends.ts";
import { applyCrds, freshCluster, INSTALL_MANIFEST, operatorReady } from "./deploy.ts";
import { applyPair, programmedAddress } from "./gateways.ts";
import { freshGateway } from "./objects.ts";
import { operatorPods } from "./operator.ts";
import { startTraffic } from "./traffic.ts";

const INSTALL = ["apply", "-f", INSTALL_MANIFEST];
const HOST = "app.example";

describe("the standard channel", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await freshCluster();
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  it("may come after the manifest: the operator says what it looks for, and finds it without a restart", async () => {
    const { code, stderr } = await cluster.kubectl(INSTALL);
    assert.equal(code, 1, "the GatewayClass cannot be made yet");
    assert.match(stderr, /no matches for kind "GatewayClass"/);
    await operatorReady(cluster);
    const [pod] = await operatorPods(cluster);
    const log = await cluster.kubectlOrThrow(["-n", "fsm-gateway-system", "logs", pod?.name ?? ""]);
    const line = log
      .split("\n")
      .find((text) => text.includes("the cluster does not serve these kinds; they are looked for"));
    for (const kind of ["GatewayClass", "Gateway", "TLSRoute", "ReferenceGrant"]) {
      assert.ok(line?.includes(`"${kind}"`), `${kind} is named in: ${line}`);
    }

    await applyCrds(cluster, "standard");
    await cluster.kubectlOrThrow(INSTALL);
    for (const condition of ["Accepted", "SupportedVersion"]) {
      await cluster.kubectlOrThrow(["wait", `--for=condition=${condition}`, "gatewayclass/fsm", "--timeout=55s"]);
    }
    for (const { name, restarts } of await operatorPods(cluster)) assert.equal(restarts, 0, `${name} was restarted`);
  });

  it("serves a v1 TLSRoute with hostnames from a Service's pods", async () => {
    const caFile = await deployBackends(cluster, { namespace: "default", folder, names: ["a"], host: HOST });
    const backend = { name: "a", port: BACKEND_PORT };
    await applyPair(cluster, "default", "app", { backend, version: "v1", hostnames: [HOST] });
    const address = await programmedAddress(cluster, "default", "app");
    const ask = (serverName: string) => {
      const options = { address, port: 8000, serverName, caFile, concurrency: 1, pauseMs: 50 };
      return startTraffic(cluster, { ...options, seconds: 1 }).count;
    };
    const { answers, errors } = await ask(HOST);
    assert.deepEqual(Object.keys(answers), ["a"]);
    assert.deepEqual(errors, {});
    const other = await ask("other.example");
    assert.deepEqual(other.answers, {}, "a name that the route does not have is not served");
    const log = await waitFor("a line in the access log", async () => {
      const text = await cluster.kubectlOrThrow(["logs", "deployment/fsm-gateway-app"]);
      return text.includes("other.example") && text;
    });
    assert.match(log, /"reason":"no_matching_route".*"serverName":"other\.example"/);
  });

  it("refuses a TLSRoute without hostnames, by the CRD itself", async () => {
    const { route } = freshGateway("nameless", { version: "v1" });
    const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], { input: route });
    assert.equal(code, 1);
    assert.match(stderr, /spec\.hostnames: Required value/);
  });
});
