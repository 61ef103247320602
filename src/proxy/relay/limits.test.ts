import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type net from "node:net";
import type { TestContext } from "node:test";
import { listener, route, service } from "../../../test/wire/config.ts";
import { startGateway, startSimple, testEngine, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { ManualClock } from "../../../test/wire/manual-clock.ts";
import { connectTo, eventually, freePorts, readAll, readSome, startEcho } from "../../../test/wire/sockets.ts";
import type { ClientTraffic, SettingsResource } from "../../model/traffic.ts";
import type { ProxyOptions } from "../proxy.ts";

const hello = helloFor("a.example");
type Limits = Omit<SettingsResource, "kind" | "name">;

/** A gateway before an echo, with these settings, which can be changed. */
async function start(t: TestContext, limits: Limits, client?: ClientTraffic, options: Partial<ProxyOptions> = {}) {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = startGateway(t, options);
  const [port = 0] = await freePorts(1);
  const set = (limits: Limits) =>
    gateway.set(
      { kind: "settings", name: "proxy", ...limits },
      { ...listener("l", port), ...(client && { client }) },
      route("r", "l", ["*"], { s: 1 }),
      ...service("s", echo.address),
    );
  await set(limits);
  const reasons = () => gateway.lines.flatMap(({ fields }) => (fields.reason === undefined ? [] : [fields.reason]));
  const said = (reason: string) =>
    eventually(
      () => reasons().includes(reason),
      () => `${reason} among ${reasons().join()}`,
    );
  return { ...gateway, change: set, port, echoPort: echo.port, said };
}

/** A connection that is relayed. */
async function established(port: number): Promise<net.Socket> {
  const client = await connectTo(port);
  client.write(hello);
  assert.deepEqual(await readSome(client, hello.length), hello);
  return client;
}

/** Is it closed without a byte? */
async function isTurnedAway(port: number): Promise<boolean> {
  const client = await connectTo(port);
  client.write(hello);
  const bytes = await Promise.race([
    readAll(client).catch(() => Buffer.alloc(0)),
    readSome(client, 1).catch(() => Buffer.alloc(0)),
  ]);
  client.destroy();
  return bytes.length === 0;
}

testEngines(
  "a cap on connections in the configuration: connection_limit; raised while the proxy runs, it lets more in",
  async (t) => {
    const { port, change, said } = await start(t, { maxConnections: 1 });
    const first = await established(port);
    assert.equal(await isTurnedAway(port), true);
    await said("connection_limit");
    await change({ maxConnections: 2 });
    const second = await established(port);
    for (const client of [first, second]) client.destroy();
  },
);

testEngines("no configuration raises the cap that descriptors and memory allow", async (t) => {
  const { port, said } = await start(t, { maxConnections: 1_000 }, undefined, { maxConnections: 1 });
  const first = await established(port);
  assert.equal(await isTurnedAway(port), true);
  await said("connection_limit");
  first.destroy();
});

testEngines("a cap on connections without a route: unrouted_limit; those with a route do not count", async (t) => {
  const { port, said } = await start(t, { maxUnrouted: 1 });
  const routed = await established(port);
  const silent = await connectTo(port);
  assert.equal(await isTurnedAway(port), true);
  await said("unrouted_limit");
  silent.write(hello);
  assert.deepEqual(await readSome(silent, hello.length), hello);
  const next = await established(port);
  for (const client of [routed, silent, next]) client.destroy();
});

testEngines("a cap per client: client_connection_limit; what ends makes room", async (t) => {
  const { port, proxy, said } = await start(t, { maxPerClient: 1 });
  const first = await established(port);
  assert.equal(await isTurnedAway(port), true);
  await said("client_connection_limit");
  first.destroy();
  await eventually(
    () => proxy.activeConnections === 0,
    () => "the first to be gone",
  );
  (await established(port)).destroy();
});

testEngines("a rate of new connections: connection_rate_limit", async (t) => {
  const { port, said, change } = await start(t, { newConnections: { perSecond: 1, burst: 2 } });
  for (let turn = 0; turn < 2; turn++) (await established(port)).destroy();
  assert.equal(await isTurnedAway(port), true);
  await said("connection_rate_limit");
  await change({});
  (await established(port)).destroy();
});

testEngines("a listener that denies the client: client_denied, before anything is dialled", async (t) => {
  const { port, connections } = await start(t, {}, { allow: ["127.0.0.0/8"], deny: ["127.0.0.1"] });
  assert.equal(await isTurnedAway(port), true);
  const [line] = await connections(1);
  assert.deepEqual([line?.reason, line?.listener, line?.endpoint], ["client_denied", "l", undefined]);
});

testEngines("a connection that is never silent ends at the greatest age, by a reset", async (t) => {
  const { port, connections } = await start(t, { timeOuts: { maxAgeMs: 300 } });
  const client = await established(port);
  const talking = setInterval(() => client.write("x"), 20);
  t.after(() => clearInterval(talking));
  client.resume();
  const [error] = (await once(client, "error")) as [NodeJS.ErrnoException];
  clearInterval(talking);
  assert.equal(error.code, "ECONNRESET");
  const [line] = await connections(1);
  assert.equal(line?.reason, "maximum_age");
  assert.ok(Number(line?.durationMs) >= 300);
});

testEngines("time-outs of the configuration are those of new connections; a listener's own win", async (t) => {
  // The sweep goes by the shortest time-out for all.
  const { port, connections } = await start(
    t,
    { timeOuts: { idleMs: 60_000, clientHelloMs: 100 } },
    { timeOuts: { idleMs: 80 } },
  );
  const silent = await connectTo(port);
  await readAll(silent);
  silent.end();
  const idle = await established(port);
  await readAll(idle);
  idle.end();
  const lines = await connections(2);
  assert.deepEqual(
    lines.map(({ reason }) => reason),
    ["client_hello_timeout", "idle_timeout"],
  );
});

/** Seconds until the next keep-alive probe of sockets whose own port, or whose peer's, is this one, from procfs. */
function keepAliveSeconds(side: "own" | "peer", port: number): number[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = readFileSync("/proc/net/tcp", "utf8").split("\n");
  return rows.flatMap((row) => {
    const [, own = "", peer = "", state, , timer = ""] = row.trim().split(/\s+/);
    // 01: established; timer 02: keep-alive, with the time left in hundredths of a second.
    const [kind, left = ""] = timer.split(":");
    return (side === "own" ? own : peer).endsWith(`:${hex}`) && state === "01" && kind === "02"
      ? [Number.parseInt(left, 16) / 100]
      : [];
  });
}

/** The same socket's timer is that of a retransmission until all is acknowledged. */
async function keepAliveLeft(side: "own" | "peer", port: number): Promise<number> {
  let found: number[] = [];
  await eventually(
    () => {
      found = keepAliveSeconds(side, port);
      return found.length === 1;
    },
    () => `one keep-alive timer, ${found.length} found`,
  );
  return found[0]!;
}

testEngines(
  "TCP keep-alive is as the configuration says, on the client's side and on the backend's",
  async (t) => {
    const { port, echoPort } = await start(t, { keepAliveMs: 7_000 });
    const client = await established(port);
    for (const [side, of] of [
      ["own", port],
      ["peer", echoPort],
    ] as const) {
      const left = await keepAliveLeft(side, of);
      assert.ok(left > 3 && left <= 7, `${left} s on the side of ${side}`);
    }
    client.destroy();
  },
  process.platform !== "linux" && "procfs",
);

// The linux engine has a clock of its own.
testEngine(
  "portable",
  "without settings a connection that has lasted is probed after 60 s of silence, and a young one is spared that",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const clock = new ManualClock();
    const { port } = await startSimple(t, [echo.address], { clock });
    const client = await established(port);
    await clock.advance(14_000);
    assert.deepEqual(keepAliveSeconds("own", port), []);
    await clock.advance(2_000);
    for (const [side, of] of [
      ["own", port],
      ["peer", echo.port],
    ] as const) {
      const left = await keepAliveLeft(side, of);
      assert.ok(left > 50 && left <= 60, `${left} s on the side of ${side}`);
    }
    client.destroy();
  },
  process.platform !== "linux" && "procfs",
);
