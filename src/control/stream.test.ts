import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import type { Resource } from "../model/proxy-config.ts";
import { configOf } from "./testing/arbitraries.ts";
import { MemoryApplier } from "./testing/memory-applier.ts";
import { GATEWAY, POD, routes, Stage, until } from "./testing/stage.ts";

test("a proxy gets its first configuration, applies it and its report arrives", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  const config = routes(3);
  server.publish(GATEWAY, config);
  const { client, applier } = stage.client(port);
  await until(() => lastReport()?.revision === config.revision);
  assert.equal(client.connected, true);
  assert.deepEqual(applier.resources, config.resources);
  assert.equal(applier.applied.length, 1);
  assert.deepEqual(server.subscribers(GATEWAY), [{ proxyId: POD, report: applier.report() }]);
});

test("before the first publication a subscriber waits, and is sent no empty configuration", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, reports } = await stage.server();
  const { client, applier } = stage.client(port);
  await until(() => client.connected && reports.length > 0);
  server.publish("shop/other", routes(1));
  assert.equal(applier.applied.length, 0);
  const config = routes(1);
  server.publish(GATEWAY, config);
  await until(() => applier.revision === config.revision);
  assert.equal(applier.applied.length, 1);
});

test("an empty configuration, once published, is applied", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  const empty = configOf([]);
  server.publish(GATEWAY, empty);
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === empty.revision);
  assert.equal(applier.applied.length, 1);
});

test("one changed endpoint is one upsert", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(50));
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === routes(50).revision);
  const changed = routes(50, (route) => (route === 7 ? 3 : 2));
  server.publish(GATEWAY, changed);
  await until(() => lastReport()?.revision === changed.revision);
  assert.deepEqual([...(applier.applied[1]?.upserts.keys() ?? [])], ["endpoints:shop/service-7:443"]);
  assert.deepEqual(applier.applied[1]?.removals, []);
});

test("removed resources are removed, and nothing else is sent", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(3));
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === routes(3).revision);
  server.publish(GATEWAY, routes(2));
  await until(() => lastReport()?.revision === routes(2).revision);
  assert.equal(applier.applied[1]?.upserts.size, 0);
  assert.equal(applier.applied[1]?.removals.length, 3);
});

test("a proxy that comes back with the newest configuration applies nothing, and its report is known at once", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport, gone } = await stage.server();
  const config = routes(3);
  server.publish(GATEWAY, config);
  const first = stage.client(port);
  await until(() => lastReport()?.revision === config.revision);
  await first.client.stop();
  await until(() => gone.length === 1);
  assert.deepEqual(gone, [`${GATEWAY}/${POD}`]);
  assert.deepEqual(server.subscribers(GATEWAY), []);

  stage.client(port, { applier: first.applier });
  await until(() => server.subscribers(GATEWAY)[0]?.report?.revision === config.revision);
  assert.equal(first.applier.applied.length, 1);

  const next = routes(4);
  server.publish(GATEWAY, next);
  await until(() => lastReport()?.revision === next.revision);
  assert.equal(first.applier.applied[1]?.upserts.size, 3);
});

test("a proxy that comes back with another configuration is sent the difference only", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  const applier = new MemoryApplier();
  applier.resources = routes(3).resources;
  applier.revision = routes(3).revision;
  server.publish(GATEWAY, routes(4));
  stage.client(port, { applier });
  await until(() => lastReport()?.revision === routes(4).revision);
  assert.equal(applier.applied[0]?.upserts.size, 3);
});

test("a changed report is sent without a configuration", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(1));
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === routes(1).revision);
  applier.reportUnresolved("httpbin.org");
  await until(() => lastReport()?.unresolvedHosts[0]?.host === "httpbin.org");
});

test("reports that change all the time arrive some times a second, and an answer at once", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, reports, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(1));
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === routes(1).revision);
  const before = reports.length;
  const startMs = performance.now();
  for (let host = 0; host < 100; host += 1) {
    applier.reportUnresolved(`host-${host}.example.com`);
    await sleep(5);
  }
  const most = before + 2 + Math.ceil((performance.now() - startMs) / 200);
  assert.ok(reports.length <= most, `${reports.length} reports, at most ${most}`);
  server.publish(GATEWAY, routes(2));
  await until(() => lastReport()?.revision === routes(2).revision);
  await until(() => lastReport()?.unresolvedHosts.some(({ host }) => host === "host-99.example.com") === true);
});

test("a proxy that knows nothing of its completeness learns it from an empty delta", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  const config = routes(0);
  const applier = new MemoryApplier();
  applier.resources = config.resources;
  applier.configState = () => ({ revision: config.revision, versions: new Map() });
  server.publish(GATEWAY, config);
  stage.client(port, { applier });
  await until(() => lastReport()?.revision === config.revision);
  assert.equal(applier.applied[0]?.upserts.size, 0);
});

test("after retract the proxy keeps what it holds, and the next publication is a delta from there", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport, gone } = await stage.server();
  server.publish(GATEWAY, routes(2));
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === routes(2).revision);
  server.retract(GATEWAY);
  server.publish(GATEWAY, routes(3));
  await until(() => lastReport()?.revision === routes(3).revision);
  assert.equal(applier.applied[1]?.upserts.size, 3);
  assert.deepEqual(gone, []);
});

test("certificates as large as Secrets may be arrive whole, over several messages, and no log has their key", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport, log: serverLog } = await stage.server();
  const privateKey = `-----BEGIN PRIVATE KEY-----\n${"A".repeat(64)}\n-----END PRIVATE KEY-----\n`;
  // 200 KiB is a chain of a hundred certificates; 1 MiB is the largest Secret there can be.
  const certificates = [200, 200, 1024].map((kibibytes, index): Resource => {
    return { kind: "certificate", name: `shop/cert-${index}`, certificate: "B".repeat(kibibytes * 1024), privateKey };
  });
  const config = configOf(certificates);
  server.publish(GATEWAY, config);
  const { applier, log } = stage.client(port);
  await until(() => lastReport()?.revision === config.revision);
  assert.deepEqual(applier.resources, config.resources);
  assert.equal(applier.applied.length, 1);
  assert.ok(!inspect([log.lines, serverLog.lines], { depth: null }).includes("PRIVATE KEY"));
});

test("a configuration with a key that is refused is told without the key", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport, log: serverLog } = await stage.server();
  const privateKey = "-----BEGIN PRIVATE KEY-----";
  server.publish(GATEWAY, configOf([{ kind: "certificate", name: "shop/cert", certificate: "B", privateKey }]));
  const { applier, log } = stage.client(port);
  applier.before = () => {
    throw new Error("a defect");
  };
  await until(() => lastReport()?.refusal !== undefined);
  assert.ok(!inspect([log.lines, serverLog.lines, lastReport()], { depth: null }).includes("PRIVATE KEY"));
});
