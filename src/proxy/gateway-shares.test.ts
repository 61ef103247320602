/** Several Gateways in one process: what they hold together, and what each has left when another one is flooded. */
import assert from "node:assert/strict";
import type net from "node:net";
import type { TestContext } from "node:test";
import { startSimple, type TestGateway, testEngines } from "../../test/wire/gateway.ts";
import { helloFor } from "../../test/wire/hello-bytes.ts";
import { connectTo, eventually, readSome, startEcho } from "../../test/wire/sockets.ts";
import { ConnectionShares } from "./admit/connection-shares.ts";

const hello = helloFor("a.example");
/** A quarter of each share may be without a route. */
const MAX_CONNECTIONS = 16;
const FLOOD = 24;

type Started = TestGateway & { readonly port: number };

async function startEchoes(t: TestContext, count: number) {
  const echoes = await Promise.all(Array.from({ length: count }, startEcho));
  t.after(() => Promise.all(echoes.map((echo) => echo.close())));
  return echoes.map(({ address }) => address);
}

/** Opens connections in sequence. Returns the served ones. */
async function openServed(t: TestContext, { port }: Started, count: number): Promise<net.Socket[]> {
  const served: net.Socket[] = [];
  for (let index = 0; index < count; index++) {
    const client = await connectTo(port);
    client.on("error", () => {});
    t.after(() => client.destroy());
    client.write(hello);
    const bytes = await readSome(client, hello.length).catch(() => undefined);
    if (bytes?.equals(hello) === true) served.push(client);
    else client.destroy();
  }
  return served;
}

const active = ({ proxy }: Started, count: number) =>
  eventually(
    () => proxy.activeConnections === count,
    () => `${count} connections, not ${proxy.activeConnections}`,
  );
const reasons = ({ lines }: Started) =>
  new Set(lines.flatMap(({ fields }) => (fields.reason === undefined ? [] : [fields.reason])));
const logged = (gateway: Started, reason: string) =>
  eventually(
    () => reasons(gateway).has(reason),
    () => `${reason} among ${[...reasons(gateway)]}`,
  );
const counted = ({ connections: { count } }: ConnectionShares, expected: number) =>
  eventually(
    () => Atomics.load(count, 0) === expected,
    () => `${expected} counted, not ${Atomics.load(count, 0)}`,
  );

testEngines(
  "a flooded Gateway has its share of the process's connections, and leaves the other one its own",
  async (t) => {
    const shares = new ConnectionShares(MAX_CONNECTIONS);
    const endpoints = await startEchoes(t, 1);
    const [flooded, other] = [await startSimple(t, endpoints, { shares }), await startSimple(t, endpoints, { shares })];
    const [backendShare, share] = [(MAX_CONNECTIONS / 2) * 0.75, MAX_CONNECTIONS / 2];
    assert.equal(
      (await openServed(t, flooded, FLOOD)).length,
      backendShare,
      "three quarters of the share to one backend",
    );
    const silent = await Promise.all(Array.from({ length: FLOOD }, () => connectTo(flooded.port)));
    for (const client of silent) {
      client.on("error", () => {});
      t.after(() => client.destroy());
    }
    await active(flooded, share);
    await logged(flooded, "connection_limit");
    assert.equal((await openServed(t, other, backendShare)).length, backendShare);
    assert.ok(flooded.proxy.activeConnections + other.proxy.activeConnections <= MAX_CONNECTIONS);
    assert.deepEqual([...reasons(other)], []);
  },
);

testEngines("a Gateway that comes closes nothing, waits for room, and gives its share back when it goes", async (t) => {
  const shares = new ConnectionShares(MAX_CONNECTIONS);
  const endpoints = await startEchoes(t, 1);
  const first = await startSimple(t, endpoints, { shares });
  const open = await openServed(t, first, FLOOD);
  assert.equal(open.length, MAX_CONNECTIONS * 0.75);
  const second = await startSimple(t, endpoints, { shares });
  // The first has 12 of 16, more than its share of 8 is now.
  assert.equal((await openServed(t, first, 1)).length, 0);
  await active(first, MAX_CONNECTIONS * 0.75);
  const left = await openServed(t, second, 8);
  assert.equal(left.length, MAX_CONNECTIONS / 4, "what the process has left");
  await logged(second, "connection_limit");
  for (const client of open) client.destroy();
  await active(first, 0);
  assert.equal((await openServed(t, second, 8)).length, 2, "its share: 6 connections to one backend");
  await second.proxy.close();
  await active(second, 0);
  assert.equal((await openServed(t, first, FLOOD)).length, MAX_CONNECTIONS * 0.75);
  await counted(shares, MAX_CONNECTIONS * 0.75);
});

testEngines("what each Gateway of many holds is counted once, whichever engine part has it", async (t) => {
  const shares = new ConnectionShares(60);
  const endpoints = await startEchoes(t, 1);
  const gateways: Started[] = [];
  for (let count = 0; count < 3; count++) gateways.push(await startSimple(t, endpoints, { shares, workers: 2 }));
  const open: net.Socket[] = [];
  for (const gateway of gateways) open.push(...(await openServed(t, gateway, 20)));
  for (const gateway of gateways) await active(gateway, 15);
  await counted(shares, 45);
  for (const client of open) client.destroy();
  await counted(shares, 0);
});
