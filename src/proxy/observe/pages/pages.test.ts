import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { testAuthority } from "../../../../test/wire/authority.ts";
import { listener, route, service, terminating } from "../../../../test/wire/config.ts";
import { engineOf, startGateway, startSimple, type TestGateway, testEngines } from "../../../../test/wire/gateway.ts";
import { established, HELLO, turnedAway } from "../../../../test/wire/reasons/producer.ts";
import { connectTo, eventually, freePorts, LOOPBACK, readAll, startEcho } from "../../../../test/wire/sockets.ts";
import type { OpenConnection } from "../open-connection.ts";
import type { ShownConfig } from "./config-page.ts";
import type { Page } from "./page.ts";
import { ProxyPages } from "./pages.ts";

const pagesOf = ({ metrics, proxy }: TestGateway) =>
  new ProxyPages({ version: "1.2.3", metrics, proxies: () => new Map([["ns/g", proxy]]) });

/** The answer as it goes out, of the one Gateway. */
async function ask<T>(page: Page, query = ""): Promise<T> {
  const answer = await page(new URLSearchParams(query));
  assert.ok("body" in answer, JSON.stringify(answer));
  const { gateways } = JSON.parse(JSON.stringify(answer.body)) as { gateways: Record<string, T> };
  const found = gateways["ns/g"];
  assert.ok(found);
  return found;
}

async function problemOf(page: Page, query: string): Promise<string> {
  const answer = await page(new URLSearchParams(query));
  return "problem" in answer ? answer.problem : assert.fail(JSON.stringify(answer));
}

interface ConnectionsBody {
  readonly open: number;
  readonly matching: number;
  readonly truncated: boolean;
  readonly connections: readonly OpenConnection[];
}

/** Two listeners, one of which ends TLS; two routes, two Services. */
async function startConfigured(t: TestContext) {
  const authority = await testAuthority();
  const gateway = startGateway(t);
  const [plain = 0, ended = 0] = await freePorts(2);
  const certificate = await authority.certificate("ns/cert", { dns: ["b.example"] });
  await gateway.set(
    ...[listener("plain", plain, "a.example"), terminating("ended", ended, ["ns/cert"]), certificate],
    ...[route("a", "plain", ["a.example"], { one: 1 }), route("b", "ended", ["*"], { two: 1 })],
    ...[
      ...service("one", `${LOOPBACK}:1`),
      ...service("two", ...Array.from({ length: 150 }, (_, i) => `10.0.0.1:${i + 1}`)),
    ],
    authority.authorities("ns/ca"),
  );
  return { ...gateway, certificate };
}

const namesOf = ({ resources }: ShownConfig) =>
  (resources as readonly { kind: string; name: string }[]).map(({ kind, name }) => `${kind}:${name}`);

testEngines("/config: what is in use, and of certificates no key", async (t) => {
  const gateway = await startConfigured(t);
  const { config } = pagesOf(gateway);
  const whole = await ask<ShownConfig & { ready: boolean }>(config);
  assert.deepEqual([whole.ready, whole.revision, whole.total], [true, gateway.proxy.report().revision, 10]);
  assert.deepEqual(namesOf(whole), [
    ...["authorities:ns/ca", "backend:one", "backend:two", "certificate:ns/cert", "endpoints:one", "endpoints:two"],
    ...["listener:ended", "listener:plain", "route:a", "route:b"],
  ]);
  assert.equal(whole.next, undefined);
  const by = new Map(
    (whole.resources as { kind: string; name: string }[]).map((one) => [`${one.kind}:${one.name}`, one]),
  );
  const { certificate, privateKey } = by.get("certificate:ns/cert") as unknown as Record<string, unknown>;
  assert.equal(privateKey, "redacted");
  assert.match(JSON.stringify(certificate), /"subject":"CN=b\.example".*"validTo":/);
  assert.equal((by.get("listener:plain") as unknown as { state: string }).state, "bound");
  const two = by.get("endpoints:two") as unknown as { endpoints: unknown[]; leftOut: number };
  assert.deepEqual([two.endpoints.length, two.leftOut], [100, 50]);
  const text = JSON.stringify(await config(new URLSearchParams()));
  const secret = gateway.certificate.privateKey.split("\n")[1] ?? "";
  assert.ok(secret.length > 40);
  for (const word of [secret, "PRIVATE KEY", "BEGIN"]) assert.equal(text.includes(word), false, word);
});

testEngines("/config: page by page, by kind, and by server name", async (t) => {
  const { config } = pagesOf(await startConfigured(t));
  const seen: string[] = [];
  for (let after: string | undefined = "", pages = 0; after !== undefined; pages++) {
    assert.ok(pages < 10);
    const page: ShownConfig = await ask<ShownConfig>(config, `limit=3&after=${encodeURIComponent(after)}`);
    assert.ok(page.resources.length <= 3);
    seen.push(...namesOf(page));
    after = page.next;
  }
  assert.equal(seen.length, 10);
  assert.deepEqual(seen, [...new Set(seen)].sort());
  assert.deepEqual(namesOf(await ask(config, "kind=route")), ["route:a", "route:b"]);
  assert.deepEqual(namesOf(await ask(config, "host=A.example.")), [
    ...["backend:one", "backend:two", "certificate:ns/cert", "endpoints:one", "endpoints:two"],
    ...["listener:ended", "listener:plain", "route:a", "route:b"],
  ]);
  assert.deepEqual(namesOf(await ask(config, "host=c.example&kind=backend")), ["backend:two"]);
});

testEngines("/connections: those that are open, with what has moved until now and how far they are", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await startSimple(t, [echo.address]);
  const { connections } = pagesOf(gateway);
  assert.deepEqual(await ask<ConnectionsBody>(connections), {
    open: 0,
    matching: 0,
    truncated: false,
    connections: [],
  });
  const client = await established(t, gateway.port);
  const silent = await connectTo(gateway.port);
  t.after(() => silent.destroy());
  await eventually(
    () => gateway.proxy.activeConnections === 2,
    () => "the silent one",
  );
  const { connections: open, ...rest } = await ask<ConnectionsBody>(connections);
  assert.deepEqual(rest, { open: 2, matching: 2, truncated: false });
  const [reading, relaying] = open.toSorted((one, other) => one.bytesIn - other.bytesIn);
  assert.equal(reading?.state, "reading_hello");
  assert.equal(reading?.clientAddress, `${LOOPBACK}:${silent.localPort}`);
  const { ageMs, ...known } = relaying ?? assert.fail();
  assert.ok(Number.isInteger(ageMs) && ageMs >= 0);
  assert.deepEqual(known, {
    state: "relaying",
    port: gateway.port,
    clientAddress: `${LOOPBACK}:${client.localPort}`,
    serverName: "a.example",
    path: { listener: "l", route: "r", backend: "s" },
    endpoint: echo.address,
    bytesIn: HELLO.length,
    bytesOut: HELLO.length,
  });
  const cut = await ask<ConnectionsBody>(connections, "limit=1");
  assert.deepEqual([cut.open, cut.matching, cut.truncated, cut.connections.length], [2, 2, true, 1]);
  const named = await ask<ConnectionsBody>(connections, "host=a.example");
  assert.deepEqual([named.matching, named.connections.map(({ state }) => state)], [1, ["relaying"]]);
  assert.equal((await ask<ConnectionsBody>(connections, "host=b.example")).matching, 0);
  assert.equal(gateway.lines.filter(({ message }) => message === "connection").length, 0, "looking ends nothing");
});

testEngines("/connections: one side has ended, and a refused one whose client stays", async (t) => {
  const held = await startEcho();
  t.after(() => held.close());
  const gateway = await startSimple(t, [held.address], { timeOuts: { lingerMs: 10_000 } });
  const { connections } = pagesOf(gateway);
  const refused = await connectTo(gateway.port);
  t.after(() => refused.destroy());
  refused.write("no TLS");
  await readAll(refused);
  const half = await established(t, gateway.port);
  const [socket] = held.sockets;
  socket?.end();
  await readAll(half);
  const states = (await ask<ConnectionsBody>(connections)).connections.map(({ state }) => state);
  assert.deepEqual(states.sort(), ["closing", "half_closed"]);
});

testEngines("/stats: sums, and what each part has", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await startSimple(t, [echo.address]);
  await turnedAway(t, gateway.port, Buffer.from("no TLS"));
  await gateway.connections(1);
  const client = await established(t, gateway.port);
  const { stats } = pagesOf(gateway);
  const answer = await stats(new URLSearchParams());
  assert.ok("body" in answer);
  const { version, connections, process, gateways } = JSON.parse(JSON.stringify(answer.body));
  assert.equal(version, "1.2.3");
  assert.deepEqual(connections.ended, { not_tls: 1 });
  assert.deepEqual([connections.bytesIn, connections.bytesOut], [HELLO.length, HELLO.length]);
  assert.ok(process.descriptors > 3 && process.residentBytes > 1e6, JSON.stringify(process));
  const { active, parts, endpoints, revision } = gateways["ns/g"];
  assert.deepEqual([active, endpoints, revision], [1, [], gateway.proxy.table.revision]);
  if (engineOf(t) === "portable") assert.deepEqual(parts, [{ name: "portable", active: 1 }]);
  else {
    const [{ descriptors, ...worker }, portable] = parts;
    assert.deepEqual(
      [worker, portable],
      [
        { name: "linux-0", active: 1, pipes: 0 },
        { name: "portable", active: 0 },
      ],
    );
    // epoll, the wake-up, one port, both sides of the connection.
    assert.equal(descriptors, 5);
  }
  client.destroy();
});

testEngines("what a query asks for wrongly is told in one sentence", async (t) => {
  const { config, connections, stats } = pagesOf(startGateway(t));
  assert.match(await problemOf(connections, "limit=0"), /limit: "0" is not a number from 1 to 1000/);
  assert.match(await problemOf(connections, "limit=1001"), /1000/);
  assert.match(await problemOf(config, "limit=x"), /limit: "x" is not a number from 1 to 1000/);
  assert.match(await problemOf(config, "kind=secret"), /kind: "secret" is none of settings, externalHosts, listener/);
  assert.match(await problemOf(stats, "gateway=ns/other"), /there is no "ns\/other" here/);
  assert.match(await problemOf(stats, "limit=1"), /"limit" is not known; there are gateway/);
});
