import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { backend, configOf, deltaBetween, listener, route, service } from "../../test/wire/config.ts";
import { startGateway, startSimple, testEngine, testEngines } from "../../test/wire/gateway.ts";
import { helloFor } from "../../test/wire/hello-bytes.ts";
import { ManualClock } from "../../test/wire/manual-clock.ts";
import {
  connectTo,
  eventually,
  freePorts,
  LOOPBACK,
  readAll,
  readSome,
  startBackend,
  startEcho,
} from "../../test/wire/sockets.ts";
import type { Resource } from "../model/proxy-config.ts";
import { configRevision, EMPTY_REVISION } from "../model/revision.ts";
import type { GatewayProxy } from "./gateway-proxy.ts";

const hello = helloFor("a.example");
const EMPTY_DELTA = { revision: EMPTY_REVISION, upserts: new Map(), removals: [] };

async function metric(gateway: ReturnType<typeof startGateway>, line: RegExp): Promise<string | undefined> {
  return line.exec(await gateway.metrics.expose())?.[1];
}

const APPLIED = /^fsm_gateway_config_applied_total (\d+)$/m;

/** A connection whose hello has come back from an echo. */
async function openEcho(port: number): Promise<net.Socket> {
  const client = await connectTo(port);
  client.write(hello);
  await readSome(client, hello.length);
  return client;
}

const refusesConnections = (port: number): Promise<boolean> =>
  connectTo(port).then(
    (socket) => {
      socket.destroy();
      return false;
    },
    (error: NodeJS.ErrnoException) => error.code === "ECONNREFUSED",
  );

/** What the proxy says that it holds, all of it. */
function heldBy(proxy: Pick<GatewayProxy, "configState">) {
  const { revision, versions } = proxy.configState();
  return { revision, versions: new Map(versions) };
}

testEngines("before the first configuration: no revision, not ready", async (t) => {
  const { proxy } = startGateway(t);
  assert.deepEqual(proxy.report(), { revision: "", listeners: [], unresolvedHosts: [] });
  assert.deepEqual(heldBy(proxy), { revision: EMPTY_REVISION, versions: new Map() });
  assert.equal(proxy.ready, false);
});

testEngines("an empty configuration is complete: ready, with a revision, and nothing counted", async (t) => {
  const gateway = startGateway(t);
  const report = await gateway.proxy.apply(EMPTY_DELTA);
  assert.deepEqual(report, { revision: EMPTY_REVISION, listeners: [], unresolvedHosts: [] });
  assert.equal(gateway.proxy.ready, true);
  assert.equal(await metric(gateway, APPLIED), "0");
});

testEngines("an applied configuration is acknowledged, and applying it again moves nothing", async (t) => {
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const resources = [listener("l", port)];
  const versions = new Map([...configOf(resources)].map(([key, { version }]) => [key, version]));
  const revision = configRevision(configOf(resources));
  const expected = {
    revision,
    listeners: [{ key: "listener:l", version: versions.get("listener:l"), state: "bound" }],
    unresolvedHosts: [],
  };
  assert.deepEqual(await gateway.set(...resources), expected);
  assert.deepEqual(heldBy(gateway.proxy), { revision, versions });
  assert.equal(await metric(gateway, APPLIED), "1");
  assert.deepEqual(await gateway.proxy.apply({ revision, upserts: new Map(), removals: [] }), expected);
  assert.equal(await metric(gateway, APPLIED), "1");
});

testEngines("a refused delta keeps the last good table and says so, until the next good one", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await startSimple(t, [echo.address]);
  const { revision } = gateway.proxy.configState();
  const report = await gateway.proxy.apply({ revision: "wrong", upserts: new Map(), removals: ["route:r"] });
  assert.equal(report.revision, revision);
  assert.equal(report.refusal?.reason, "revision_mismatch");
  assert.equal(report.refusal?.revision, "wrong");
  assert.equal(await metric(gateway, /^fsm_gateway_config_refused_total\{reason="revision_mismatch"\} (\d+)$/m), "1");
  (await openEcho(gateway.port)).destroy();
  const next = await gateway.proxy.apply({ revision, upserts: new Map(), removals: [] });
  assert.equal(next.refusal, undefined);
});

testEngines("several listeners share a port, which goes with the last of them; connections live on", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const rest = [route("r", "any", ["*"], { s: 1 }), ...service("s", echo.address)];
  await gateway.set(listener("any", port), listener("b", port, "b.example"), ...rest);
  const client = await openEcho(port);
  await gateway.set(listener("b", port, "b.example"));
  assert.equal(await refusesConnections(port), false);
  await gateway.set();
  assert.equal(await refusesConnections(port), true);
  client.end("still here");
  assert.equal(String(await readAll(client)), "still here");
  const report = await gateway.set(listener("any", port), ...rest);
  assert.equal(report.listeners[0]?.state, "bound", "the port can be bound again");
  (await openEcho(port)).destroy();
});

testEngines("a port in use is reported, keeps nothing else from serving, and is taken once it is free", async (t) => {
  const clock = new ManualClock();
  const gateway = startGateway(t, { clock });
  const [free = 0] = await freePorts(1);
  const squatter = net.createServer().listen(0, LOOPBACK);
  await once(squatter, "listening");
  t.after(() => squatter.close());
  const { port: taken } = squatter.address() as net.AddressInfo;
  const report = await gateway.set(listener("a", taken), listener("b", free));
  assert.deepEqual(
    report.listeners.map((one) => (one.state === "failed" ? one.reason : one.state)),
    ["port_in_use", "bound"],
  );
  assert.equal(gateway.proxy.ready, true);
  const changed = new Promise((resolve) => gateway.proxy.onReport(resolve));
  await clock.advance(5_000);
  await once(squatter.close(), "close");
  await clock.advance(5_000);
  await changed;
  assert.deepEqual(
    gateway.proxy.report().listeners.map(({ state }) => state),
    ["bound", "bound"],
  );
});

testEngines("an address that the machine lacks is passed over; with no other, the port has failed", async (t) => {
  const [port = 0] = await freePorts(1);
  const both = startGateway(t, { bindAddresses: [LOOPBACK, "192.0.2.1"] });
  assert.equal((await both.set(listener("a", port))).listeners[0]?.state, "bound");
  const none = startGateway(t, { bindAddresses: ["192.0.2.1"] });
  assert.equal((await none.set(listener("a", port))).listeners[0]?.state, "failed");
});

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));

const dualStack = async (t: TestContext) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await startSimple(t, [echo.address], { bindAddresses: [LOOPBACK, "::1"] });
  const client = net.connect({ host: "::1", port: gateway.port });
  client.end(hello);
  assert.deepEqual(await readAll(client), hello);
  const [line] = await gateway.connections(1);
  assert.match(String(line?.clientAddress), /^\[::1\]:\d+$/);
};

testEngines("dual stack: one port on both families", dualStack, hasIpv6 ? false : "no IPv6 loopback here");

testEngines("established connections outlive route, endpoints and listener; new ones are refused", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await startSimple(t, [echo.address]);
  const client = await openEcho(gateway.port);
  const ask = async () => {
    const other = await connectTo(gateway.port);
    other.end(hello);
    return (await readAll(other)).length;
  };
  await gateway.set(listener("l", gateway.port), route("r", "l", ["*"], { s: 1 }), ...service("s"));
  assert.equal(await ask(), 0);
  await gateway.set(listener("l", gateway.port));
  assert.equal(await ask(), 0);
  client.write("on");
  assert.equal(String(await readSome(client, 2)), "on");
  client.end();
  await readAll(client);
  const reasons = (await gateway.connections(3)).map(({ reason }) => reason);
  assert.deepEqual(reasons, ["no_ready_endpoint", "no_matching_route", "completed"]);
});

testEngines("the table changes under 100 connections at a time without an error", async (t) => {
  const answer = (name: string) =>
    startBackend((socket) => {
      socket.on("end", () => socket.end(name)).resume();
    });
  const [one, two] = await Promise.all([answer("one"), answer("two")]);
  t.after(() => Promise.all([one.close(), two.close()]));
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const set = (name: string) =>
    gateway.set(
      listener("l", port),
      route("r", "l", ["*"], { [name]: 1 }),
      ...service(name, name === "one" ? one.address : two.address),
    );
  await set("one");
  let done = 0;
  const seen = new Map<string, number>();
  const client = async () => {
    for (let turn = 0; turn < 10; turn++) {
      const socket = await connectTo(port);
      socket.end(hello);
      const name = String(await readAll(socket));
      seen.set(name, (seen.get(name) ?? 0) + 1);
      done++;
    }
  };
  const clients = Promise.all(Array.from({ length: 100 }, client));
  for (let turn = 0; done < 1_000; turn++) {
    await set(turn % 2 === 0 ? "two" : "one");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await clients;
  assert.deepEqual([...seen.keys()].sort(), ["one", "two"], "both were used");
  const lines = await gateway.connections(1_000);
  assert.deepEqual([...new Set(lines.map(({ reason }) => reason))], ["completed"]);
});

testEngines("drain: accepts no more, lets connections end, cuts the rest at the deadline", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await startSimple(t, [echo.address]);
  const [ending, staying] = await Promise.all([openEcho(gateway.port), openEcho(gateway.port)]);
  const drained = gateway.proxy.drain(300);
  assert.equal(gateway.proxy.ready, false);
  await eventually(
    () => gateway.lines.some(({ message }) => message === "draining"),
    () => "the port's end",
  );
  assert.equal(await refusesConnections(gateway.port), true);
  assert.deepEqual(gateway.proxy.report().listeners, [], "a port that is closed on purpose did not fail");
  ending.end();
  const error = once(staying, "error");
  assert.deepEqual(await drained, { ended: 1, cut: 1 });
  assert.equal(((await error)[0] as NodeJS.ErrnoException).code, "ECONNRESET");
  const reasons = (await gateway.connections(2)).map(({ reason }) => reason);
  assert.deepEqual(reasons, ["completed", "drain_deadline"]);
});

testEngines(
  "drain: a connection that is handed to the portable engine after the drain began is served and counted",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const [plain, endpoints] = service("s", echo.address);
    // Workers of the linux engine hand off connections with a balancing policy.
    const balanced: Resource = { ...plain, traffic: { balance: "LeastConnections" } };
    const gateway = startGateway(t);
    const [port = 0] = await freePorts(1);
    await gateway.set(listener("l", port), route("r", "l", ["*"], { s: 1 }), balanced, endpoints);
    const hello = helloFor("a.example");
    const clients = await Promise.all([connectTo(port), connectTo(port)]);
    for (const client of clients) client.write(hello.subarray(0, 20));
    await eventually(
      () => gateway.proxy.activeConnections === 2,
      () => `${gateway.proxy.activeConnections} active`,
    );
    // As the command does: the remaining connections are closed after the drain.
    const drained = gateway.proxy.drain(10_000).then(async (result) => {
      await gateway.proxy.close();
      return result;
    });
    await eventually(
      () => gateway.lines.some(({ message }) => message === "draining"),
      () => "it drains",
    );
    for (const client of clients) client.write(hello.subarray(20));
    for (const client of clients) assert.deepEqual(await readSome(client, hello.length), hello);
    // Time for a drain that mistakes the workers' last connection for the last of all.
    await sleep(200);
    const [first, second] = clients;
    assert.ok(first !== undefined && second !== undefined);
    first.end();
    await readAll(first);
    second.end("more");
    assert.deepEqual(String(await readAll(second)), "more");
    assert.deepEqual(await drained, { ended: 2, cut: 0 });
    const reasons = (await gateway.connections(2)).map(({ reason }) => reason);
    assert.deepEqual(reasons, ["completed", "completed"]);
  },
);

testEngines("drain ends early when nothing is left, and a late configuration binds nothing", async (t) => {
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  await gateway.set(listener("l", port));
  assert.deepEqual(await gateway.proxy.drain(60_000), { ended: 0, cut: 0 });
  await gateway.set(listener("m", port));
  assert.equal(await refusesConnections(port), true);
  assert.deepEqual(gateway.proxy.report().listeners, []);
});

testEngines(
  "an external host that does not resolve is reported without traffic, and refused with its reason",
  async (t) => {
    const records = { four: "ENOTFOUND" as string | { address: string; ttl: number }[] };
    const clock = new ManualClock();
    const gateway = startGateway(t, {
      clock,
      resolver: {
        resolve4: async () => {
          if (typeof records.four === "string") throw Object.assign(new Error(), { code: records.four });
          return records.four;
        },
        resolve6: async () => [],
      },
    });
    const [port = 0] = await freePorts(1);
    const changed = new Promise((resolve) => gateway.proxy.onReport(resolve));
    await gateway.set(
      listener("l", port),
      route("r", "l", ["*"], { out: 1 }),
      backend("out", { type: "external", host: "httpbin.example", port: 443 }),
    );
    await changed;
    const message = "httpbin.example exists but has no A or AAAA record";
    assert.deepEqual(gateway.proxy.report().unresolvedHosts, [
      { host: "httpbin.example", reason: "no_address", message },
    ]);
    const client = await connectTo(port);
    client.end(hello);
    assert.equal((await readAll(client)).length, 0);
    const [line] = await gateway.connections(1);
    assert.deepEqual([line?.reason, line?.detail], ["backend_unresolved", message]);
    records.four = [{ address: "192.0.2.1", ttl: 60 }];
    const mended = new Promise((resolve) => gateway.proxy.onReport(resolve));
    await clock.advance(1_000);
    await mended;
    assert.deepEqual(gateway.proxy.report().unresolvedHosts, []);
  },
);

testEngines("an override bypasses DNS and guard", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const never = async () => assert.fail("DNS was asked");
  const gateway = startGateway(t, {
    resolver: { resolve4: never, resolve6: never },
    overrides: new Map([["httpbin.org:443", { address: LOOPBACK, port: echo.port }]]),
  });
  const [port = 0] = await freePorts(1);
  await gateway.set(
    listener("l", port),
    route("r", "l", ["*"], { out: 1 }),
    backend("out", { type: "external", host: "httpbin.org", port: 443 }),
  );
  (await openEcho(port)).end();
  const [line] = await gateway.connections(1);
  assert.deepEqual([line?.reason, line?.endpoint], ["completed", echo.address]);
});

testEngine(
  "portable",
  "an external host's addresses are raced: one that does not answer costs the attempt delay",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const gateway = startGateway(t, {
      resolver: {
        resolve4: async () => [{ address: "192.0.2.1", ttl: 60 }],
        resolve6: async () => [{ address: "2001:db8::1", ttl: 60 }],
      },
      // IPv6 leads nowhere: a socket that never connects; IPv4 stands for the echo.
      connect: ({ address }) => (address.includes(":") ? new net.Socket() : net.connect(echo.port, LOOPBACK)),
      timeOuts: { attemptDelayMs: 50 },
    });
    const [port = 0] = await freePorts(1);
    await gateway.set(
      listener("l", port),
      route("r", "l", ["*"], { out: 1 }),
      backend("out", { type: "external", host: "httpbin.example", port: 443 }),
    );
    (await openEcho(port)).end();
    const [line] = await gateway.connections(1);
    assert.deepEqual([line?.reason, line?.endpoint], ["completed", "192.0.2.1:443"]);
    assert.ok(Number(line?.connectMs) >= 50 && Number(line?.connectMs) < 4_000, String(line?.connectMs));
  },
);

testEngines("close cuts everything and may be called twice", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await startSimple(t, [echo.address]);
  const client = await openEcho(gateway.port);
  const error = once(client, "error");
  await gateway.proxy.close();
  await gateway.proxy.close();
  assert.equal(((await error)[0] as NodeJS.ErrnoException).code, "ECONNRESET");
  assert.equal(await refusesConnections(gateway.port), true);
});

testEngines("thousands of routes come, change and go as one, and connections from before live on", async (t) => {
  const [echo, [port = 0]] = await Promise.all([startEcho(), freePorts(1)]);
  t.after(() => echo.close());
  const gateway = startGateway(t);
  const name = (index: number) => `h${index}.example.com`;
  const routes = (from: number, to: number, weight: number) =>
    Array.from({ length: to - from }, (_, index) =>
      route(`r${from + index}`, "l", [name(from + index)], { echo: weight }),
    );
  const common = [listener("l", port), ...service("echo", echo.address)];
  const first = [...common, ...routes(0, 3_000, 1)];
  const second = [...common, ...routes(1_000, 4_000, 2)];
  const isServed = async (index: number) => {
    const client = await connectTo(port);
    const sent = helloFor(name(index));
    client.end(sent);
    return (await readAll(client).catch(() => Buffer.alloc(0))).equals(sent);
  };

  assert.equal((await gateway.proxy.apply(deltaBetween([], first))).refusal, undefined);
  assert.deepEqual(await Promise.all([0, 2_999, 3_000].map(isServed)), [true, true, false]);
  const old = await connectTo(port);
  old.write(helloFor(name(0)));
  await readSome(old, helloFor(name(0)).length);

  assert.equal((await gateway.proxy.apply(deltaBetween(first, second))).refusal, undefined);
  assert.deepEqual(await Promise.all([999, 1_000, 3_999].map(isServed)), [false, true, true]);
  old.end("more");
  assert.equal(String(await readAll(old)), "more");
  assert.equal(heldBy(gateway.proxy).versions.size, second.length);
});
