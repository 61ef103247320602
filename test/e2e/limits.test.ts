/** The largest that Gateway API allows, all at once: a name of 253 characters, 64 listeners, 1,024 hostnames, 16 backends. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Cluster } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends } from "./backends.ts";
import { deployedCluster } from "./deploy.ts";
import { apply, programmedAddress } from "./gateways.ts";
import { gatewayObject, passthrough } from "./objects.ts";
import { startTraffic, total } from "./traffic.ts";

const NAME = `gateway-${"x".repeat(245)}`;
const FIRST_PORT = 8001;
const LAST_PORT = 8064;
const HOSTNAMES = Array.from({ length: 1024 }, (_, i) => `host-${i + 1}.limits.example`);
const BACKENDS = Array.from({ length: 16 }, (_, i) => `backend-${i + 1}`);
describe("the limits of Gateway API", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let caFile: string;
  let address: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await deployedCluster();
    const host = "*.limits.example";
    caFile = await deployBackends(cluster, { namespace: "default", folder, names: BACKENDS, host });
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  function connections(port: number, serverName: string, seconds: number) {
    const options = { address, port, serverName, caFile, concurrency: 4, pauseMs: 0 };
    return startTraffic(cluster, { ...options, seconds }).count;
  }

  it("makes a Gateway with the longest name and the most listeners Programmed", async () => {
    assert.equal(NAME.length, 253);
    const ports = Array.from({ length: LAST_PORT - FIRST_PORT + 1 }, (_, i) => FIRST_PORT + i);
    assert.equal(ports.length, 64);
    const listeners = ports.map((port) => passthrough(`listener-${port}`, port));
    const backendRefs = BACKENDS.map((name) => ({ name, port: BACKEND_PORT }));
    const route = { parentRefs: [{ name: NAME }], hostnames: HOSTNAMES, rules: [{ backendRefs }] };
    await apply(
      cluster,
      "default",
      gatewayObject("TLSRoute", "app", route),
      gatewayObject("Gateway", NAME, { gatewayClassName: "fsm", listeners }),
    );
    address = await programmedAddress(cluster, "default", NAME);
    const { status } = JSON.parse(await cluster.kubectlOrThrow(["get", "gateway", NAME, "-o", "json"]));
    assert.equal(status.listeners.length, 64);
    for (const { name, attachedRoutes, conditions } of status.listeners) {
      assert.equal(attachedRoutes, 1, name);
      const programmed = conditions.find(({ type }: { type: string }) => type === "Programmed");
      assert.equal(programmed.status, "True", name);
    }
  });

  for (const port of [FIRST_PORT, LAST_PORT]) {
    for (const serverName of [HOSTNAMES[0], HOSTNAMES.at(-1)]) {
      it(`serves ${serverName} on port ${port}`, async () => {
        const { answers, errors } = await connections(port, serverName ?? "", 0.5);
        assert.deepEqual(errors, {});
        assert.ok(total(answers) > 0);
      });
    }
  }

  it("does not serve the hostname after the last", async () => {
    const { answers } = await connections(LAST_PORT, `host-${HOSTNAMES.length + 1}.limits.example`, 0.1);
    assert.deepEqual(answers, {});
  });

  it("shares connections out among 16 backends of equal weight", async (t) => {
    const { answers, errors } = await connections(LAST_PORT, HOSTNAMES.at(-1) ?? "", 10);
    t.diagnostic(JSON.stringify(answers));
    assert.deepEqual(errors, {});
    assert.deepEqual(Object.keys(answers).sort(), [...BACKENDS].sort());
    const counts = Object.values(answers);
    assert.ok(Math.min(...counts) >= 20, "too few connections to tell");
    // There is one proxy, and each of its threads, four at most, takes backends of equal weight in turn.
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 4, JSON.stringify(answers));
  });
});
