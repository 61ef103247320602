/** What is told of connections while they are open, by each engine. */
import assert from "node:assert/strict";
import { listener, route, service } from "../../../test/wire/config.ts";
import { startGateway, startSimple, testEngines } from "../../../test/wire/gateway.ts";
import { established, HELLO, turnedAway } from "../../../test/wire/reasons/producer.ts";
import { eventually, freePorts, LOOPBACK, readSome, startEcho } from "../../../test/wire/sockets.ts";
import type { BackendTraffic } from "../../model/traffic.ts";
import type { ProxyMetrics } from "./metrics.ts";

async function values(metrics: ProxyMetrics, name: string): Promise<number[]> {
  const pattern = new RegExp(`^fsm_gateway_${name}(?:\\{[^}]*\\})? (\\d+)$`, "gm");
  return [...(await metrics.expose()).matchAll(pattern)].map(([, value]) => Number(value));
}

testEngines("byte counters move while a connection is open, and count nothing twice", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { port, metrics, connections } = await startSimple(t, [echo.address]);
  const client = await established(t, port);
  const bytes = () => Promise.all([values(metrics, "bytes_received_total"), values(metrics, "bytes_sent_total")]);
  assert.deepEqual(await bytes(), [[HELLO.length], [HELLO.length]]);
  client.write(Buffer.alloc(1_000));
  await readSome(client, 1_000);
  const all = HELLO.length + 1_000;
  assert.deepEqual(await bytes(), [[all], [all]]);
  assert.deepEqual(await bytes(), [[all], [all]]);
  client.write("on");
  await readSome(client, 2);
  client.end();
  const [line] = await connections(1);
  assert.deepEqual([line?.reason, line?.bytesIn, line?.bytesOut], ["completed", all + 2, all + 2]);
  assert.deepEqual(await bytes(), [[all + 2], [all + 2]]);
});

testEngines("the same where nobody reads single connections", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false, child: () => quiet };
  const { port, metrics, proxy } = await startSimple(t, [echo.address], { log: quiet });
  const client = await established(t, port);
  assert.deepEqual(await values(metrics, "bytes_sent_total"), [HELLO.length]);
  client.end("more");
  client.resume();
  await eventually(
    () => proxy.activeConnections === 0,
    () => "the end",
  );
  await proxy.close();
  assert.deepEqual(await values(metrics, "bytes_sent_total"), [HELLO.length + 4]);
  assert.deepEqual(await values(metrics, "connections_accepted_total"), [1]);
});

testEngines("endpoints that are ejected are a gauge of their backend", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const [port = 0, closed = 0] = await freePorts(2);
  const gateway = startGateway(t, { random: () => 0 });
  const ejection = { consecutiveFailures: 1, baseMs: 60_000, maxMs: 60_000 };
  const set = (traffic: BackendTraffic) => {
    const [backend, endpoints] = service("s", `${LOOPBACK}:${closed}`, echo.address);
    return gateway.set(listener("l", port), route("r", "l", ["*"], { s: 1 }), { ...backend, traffic }, endpoints);
  };
  const gauges = () =>
    Promise.all(["endpoints", "endpoints_ejected", "endpoints_unhealthy"].map((name) => values(gateway.metrics, name)));
  await set({ ejection });
  await established(t, port);
  assert.deepEqual(await gauges(), [[2], [1], [0]]);
  await set({ balance: "LeastConnections" });
  await established(t, port);
  assert.deepEqual(await gauges(), [[], [], []]);
});

testEngines("endpoints that are unhealthy are a gauge of their backend, until it is gone", async (t) => {
  const [port = 0, closed = 0] = await freePorts(2);
  const gateway = startGateway(t);
  const healthCheck = { type: "TCP", intervalMs: 20, timeOutMs: 100, healthyAfter: 1, unhealthyAfter: 1 } as const;
  const [backend, endpoints] = service("s", `${LOOPBACK}:${closed}`);
  await gateway.set(
    ...[listener("l", port), route("r", "l", ["*"], { s: 1 })],
    ...[{ ...backend, traffic: { healthCheck } }, endpoints],
  );
  await eventually(
    () => gateway.lines.some(({ message }) => message === "endpoint is unhealthy"),
    () => "the verdict",
  );
  assert.match(await gateway.metrics.expose(), /^fsm_gateway_endpoints_unhealthy\{backend="s"\} 1$/m);
  await gateway.set(listener("l", port));
  assert.deepEqual(await values(gateway.metrics, "endpoints_unhealthy"), []);
});

testEngines("sums are those of the metrics", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { port, metrics, connections } = await startSimple(t, [echo.address]);
  await turnedAway(t, port, Buffer.from("no TLS"));
  await connections(1);
  await established(t, port);
  const sums = async () => {
    const { active, ...rest } = await metrics.sums();
    return [active, rest];
  };
  const expected = [1, { accepted: 2, ended: { not_tls: 1 }, bytesIn: HELLO.length, bytesOut: HELLO.length }];
  for (let turn = 0; turn < 200 && (await sums())[0] !== 1; turn++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(await sums(), expected);
});
