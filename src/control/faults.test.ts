import assert from "node:assert/strict";
import { test } from "node:test";
import { createNetwork } from "./testing/network.ts";
import { GATEWAY, POD, routes, Stage, until } from "./testing/stage.ts";

test("a replica that does not lead is left for another try soon, without a word of alarm", async (t) => {
  const stage = await Stage.set(t);
  let leads = false;
  const { server, port, reports } = await stage.server({ isLeader: () => leads });
  server.publish(GATEWAY, routes(1));
  const slept: number[] = [];
  const clock = {
    nowMs: () => performance.now(),
    sleep: async (delayMs: number) => {
      slept.push(delayMs);
      if (slept.length === 3) leads = true;
    },
    random: () => 0.5,
  };
  const { applier, log } = stage.client(port, { clock });
  await until(() => applier.revision === routes(1).revision);
  assert.deepEqual(slept, [375, 375, 375]);
  assert.equal(log.lines.filter(({ level }) => level === "warn").length, 0);
  assert.ok(reports.length > 0);
});

test("on losing leadership streams end, and a new term starts without the old configuration", async (t) => {
  const stage = await Stage.set(t);
  let leads = true;
  const { server, port, gone, lastReport } = await stage.server({ isLeader: () => leads });
  server.publish(GATEWAY, routes(1));
  const backoff = { notLeaderMinMs: 5, notLeaderMaxMs: 10 };
  const { client, applier } = stage.client(port, { backoff });
  await until(() => lastReport()?.revision === routes(1).revision);
  leads = false;
  server.stepDown();
  await until(() => gone.length === 1 && !client.connected);
  leads = true;
  await until(() => client.connected);
  assert.equal(applier.applied.length, 1);
  server.publish(GATEWAY, routes(2));
  await until(() => lastReport()?.revision === routes(2).revision);
});

test("an operator that ends and comes back finds its proxies serving, and continues from there", async (t) => {
  const stage = await Stage.set(t);
  const first = await stage.server();
  first.server.publish(GATEWAY, routes(2));
  const { client, applier } = stage.client(first.port);
  await until(() => applier.revision === routes(2).revision);

  await first.server.close();
  await until(() => !client.connected);
  assert.deepEqual(applier.resources, routes(2).resources);

  const second = await stage.server({}, first.port);
  second.server.publish(GATEWAY, routes(2));
  await until(() => second.lastReport()?.revision === routes(2).revision);
  assert.equal(applier.applied.length, 1, "nothing had changed, so nothing is applied");
  second.server.publish(GATEWAY, routes(3));
  await until(() => second.lastReport()?.revision === routes(3).revision);
  assert.equal(applier.applied[1]?.upserts.size, 3);
});

test("connections reset, as when the operator is killed, are made anew", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  const network = await createNetwork(t, port);
  server.publish(GATEWAY, routes(1));
  const { client } = stage.client(network.port);
  await until(() => lastReport()?.revision === routes(1).revision);
  network.cut();
  await until(() => network.connections === 2 && client.connected);
  server.publish(GATEWAY, routes(2));
  await until(() => lastReport()?.revision === routes(2).revision);
});

test("a silent peer is noticed by both sides, and the proxy comes back when the network does", async (t) => {
  const stage = await Stage.set(t);
  const ping = { pingIntervalMs: 50, pingTimeoutMs: 100 };
  const { server, port, gone, lastReport } = await stage.server({ timing: ping });
  const network = await createNetwork(t, port);
  server.publish(GATEWAY, routes(1));
  const { client } = stage.client(network.port, { timing: { ...ping, connectTimeoutMs: 100 } });
  await until(() => lastReport()?.revision === routes(1).revision);
  network.silence();
  await until(() => gone.length === 1 && !client.connected);
  network.restore();
  await until(() => client.connected);
  server.publish(GATEWAY, routes(2));
  await until(() => lastReport()?.revision === routes(2).revision);
});

test("pings keep a healthy stream in which nothing happens", async (t) => {
  const stage = await Stage.set(t);
  const ping = { pingIntervalMs: 5, pingTimeoutMs: 2_000 };
  const { server, port, gone, lastReport } = await stage.server({ timing: { ...ping, idleTimeoutMs: 20 } });
  const network = await createNetwork(t, port);
  stage.client(network.port, { timing: ping });
  await until(() => lastReport() !== undefined);
  const before = network.bytesDown;
  // Twenty pings' worth of silence on the stream itself.
  await until(() => network.bytesDown > before + 20 * 17);
  assert.deepEqual(gone, []);
  assert.equal(network.connections, 1);
  assert.equal(server.subscribers(GATEWAY).length, 1);
});

test("a refusal keeps the last good configuration and says why; newer ones are sent on", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  const [good, bad, better] = [routes(1), routes(2), routes(3)];
  server.publish(GATEWAY, good);
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === good.revision);
  applier.judge = ({ revision }) =>
    revision === bad.revision ? { revision, reason: "duplicate_hostname", message: "twice" } : undefined;
  server.publish(GATEWAY, bad);
  await until(() => lastReport()?.refusal?.reason === "duplicate_hostname");
  assert.equal(lastReport()?.revision, good.revision);
  assert.deepEqual(applier.resources, good.resources);
  server.publish(GATEWAY, better);
  await until(() => lastReport()?.revision === better.revision);
  assert.equal(lastReport()?.refusal, undefined);
  assert.equal(applier.applied[2]?.upserts.size, 6, "the delta starts from what serves, not from what was refused");
});

test("an apply that fails by a defect is a refusal with its words, and the next one is tried", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(1));
  const { applier, log } = stage.client(port);
  applier.before = () => {
    throw new Error("a defect");
  };
  await until(() => /a defect/.test(lastReport()?.refusal?.message ?? ""));
  assert.ok(log.lines.some(({ level, fields }) => level === "error" && fields.error instanceof Error));
  applier.before = () => {};
  server.publish(GATEWAY, routes(2));
  await until(() => lastReport()?.revision === routes(2).revision);
  assert.equal(lastReport()?.refusal, undefined);
});

test("a proxy whose revision does not come out right says anew what it holds, and is put right", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(2));
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === routes(2).revision);
  // What it holds changes behind the operator's back; the hash of the next configuration shows it.
  applier.resources = new Map([...applier.resources].slice(1));
  server.publish(GATEWAY, routes(3));
  await until(() => lastReport()?.revision === routes(3).revision);
  assert.deepEqual(new Map([...applier.resources].sort()), new Map([...routes(3).resources].sort()));
});

test("a slow proxy skips what it had no time for", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, lastReport } = await stage.server();
  const gate = Promise.withResolvers<void>();
  server.publish(GATEWAY, routes(1));
  const { applier } = stage.client(port);
  let entered = false;
  applier.before = () => {
    entered = true;
    return gate.promise;
  };
  await until(() => entered);
  for (let count = 2; count <= 100; count += 1) server.publish(GATEWAY, routes(count));
  gate.resolve();
  await until(() => lastReport()?.revision === routes(100).revision);
  assert.deepEqual(
    applier.applied.map(({ revision }) => revision),
    [routes(1).revision, routes(100).revision],
  );
});

test("a proxy that does not answer in time is let go", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, gone } = await stage.server({ timing: { answerTimeoutMs: 50 } });
  const gate = Promise.withResolvers<void>();
  server.publish(GATEWAY, routes(1));
  const { applier, log } = stage.client(port);
  applier.before = () => gate.promise;
  await until(() => gone.length === 1);
  gate.resolve();
  await until(() => log.lines.some(({ fields }) => /did not send an answer/.test(String(fields.reason))));
  await until(() => server.subscribers(GATEWAY)[0]?.report?.revision === routes(1).revision);
  assert.equal(applier.applied.length, 1, "the late apply counts when the proxy comes back");
});

test("stop waits for the apply under way and starts no other", async (t) => {
  const stage = await Stage.set(t);
  const { server, port } = await stage.server();
  const gate = Promise.withResolvers<void>();
  server.publish(GATEWAY, routes(1));
  const { client, applier } = stage.client(port);
  let entered = false;
  applier.before = () => {
    entered = true;
    return gate.promise;
  };
  await until(() => entered);
  let stopped = false;
  const stopping = client.stop().then(() => {
    stopped = true;
  });
  server.publish(GATEWAY, routes(2));
  await until(() => server.subscribers(GATEWAY).every(({ proxyId }) => proxyId === POD));
  assert.equal(stopped, false);
  gate.resolve();
  await stopping;
  assert.equal(applier.applied.length, 1);
  assert.equal(applier.listeners.size, 0);
});

test("a port in use is an error of listen", async (t) => {
  const stage = await Stage.set(t);
  const { port } = await stage.server();
  await assert.rejects(stage.server({}, port), { code: "EADDRINUSE" });
});
