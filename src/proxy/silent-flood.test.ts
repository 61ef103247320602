/** Tests clients that send nothing, or nothing after their hello, from public addresses, in parallel to working ones. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startSimple, testEngines } from "../../test/wire/gateway.ts";
import { helloFor } from "../../test/wire/hello-bytes.ts";
import { eventually, LOOPBACK, readSome, startEcho } from "../../test/wire/sockets.ts";
import { MIN_WAIT_MS } from "./admit/admission.ts";
import type { ProxyOptions } from "./proxy.ts";

const hello = helloFor("a.example");
/** 40 without a route; of one public address 10 without a route, and 40 in all. */
const MAX_CONNECTIONS = 160;
const HONEST = 20;

async function start(t: TestContext, options: Partial<ProxyOptions> = {}) {
  const echo = await startEcho();
  t.after(() => echo.close());
  const open: net.Socket[] = [];
  t.after(() => {
    for (const client of open) client.destroy();
  });
  const gateway = await startSimple(t, [echo.address], {
    maxConnections: MAX_CONNECTIONS,
    privateNetworks: [],
    timeOuts: { clientHelloMs: 60_000 },
    ...options,
  });
  const connectFrom = async (address: string) => {
    const client = net.connect({ port: gateway.port, host: LOOPBACK, localAddress: address, noDelay: true });
    client.on("error", () => {});
    open.push(client);
    await once(client, "connect");
    return client;
  };
  /** Opens connections that send nothing, the same number from each address. */
  const flood = async (addresses: readonly string[], count: number) => {
    for (const address of addresses) {
      for (let index = 0; index < count; index++) (await connectFrom(address)).resume();
    }
  };
  /** Reports whether a client of this address gets its bytes back. */
  const isServed = async (address: string) => {
    const client = await connectFrom(address);
    client.write(hello);
    const bytes = await readSome(client, hello.length).catch(() => undefined);
    return { client, isServed: bytes?.equals(hello) === true };
  };
  const countServed = async (address: string) => {
    let served = 0;
    for (let index = 0; index < HONEST; index++) {
      const { client, isServed: one } = await isServed(address);
      if (one) served++;
      client.destroy();
    }
    return served;
  };
  const reasonsOf = (address: string) =>
    gateway.lines.flatMap(({ fields }) =>
      fields.reason !== undefined && String(fields.clientAddress).startsWith(`${address}:`) ? [fields.reason] : [],
    );
  return { ...gateway, connectFrom, flood, isServed, countServed, reasonsOf };
}

/** 127.0.0.2, 127.0.0.3, … */
const addresses = (count: number) => Array.from({ length: count }, (_, index) => `127.0.0.${index + 2}`);

testEngines("silent clients of three addresses take nothing from others; each gets a sixteenth", async (t) => {
  const { flood, countServed, proxy, reasonsOf } = await start(t);
  await flood(addresses(3), 20);
  assert.equal(await countServed(LOOPBACK), HONEST);
  await eventually(
    () => proxy.activeConnections === 30,
    () => `30 connections, not ${proxy.activeConnections}`,
  );
  for (const address of addresses(3)) {
    await eventually(
      () => reasonsOf(address).length === 10,
      () => `10 refused of ${address}: ${reasonsOf(address)}`,
    );
    assert.deepEqual([...new Set(reasonsOf(address))], ["unrouted_limit"]);
  }
});

testEngines("a flood of silent clients that never ends loses to those that speak", async (t) => {
  const { flood, countServed, metrics, proxy, reasonsOf } = await start(t);
  await flood(addresses(8), 15);
  await eventually(
    () => proxy.activeConnections === 40,
    () => `40 connections, not ${proxy.activeConnections}`,
  );
  await sleep(MIN_WAIT_MS + 50);
  // Beside them, so that what was closed is replaced by other silent ones.
  const [served] = await Promise.all([countServed(LOOPBACK), flood(addresses(4), 3)]);
  assert.equal(served, HONEST);
  const refused = addresses(8).flatMap(reasonsOf);
  assert.deepEqual([...new Set(refused)], ["unrouted_limit"]);
  await eventually(
    () => reasonsOf(LOOPBACK).length === HONEST,
    () => `${HONEST} ended: ${reasonsOf(LOOPBACK)}`,
  );
  assert.deepEqual([...new Set(reasonsOf(LOOPBACK))], ["completed"]);
  const text = await metrics.expose();
  assert.match(text, /fsm_gateway_connections_total\{[^}]*reason="unrouted_limit"[^}]*\} [1-9]/);
});

testEngines("idle clients of one address with a valid name get a quarter of the connections", async (t) => {
  const { countServed, isServed, reasonsOf } = await start(t);
  const idle: boolean[] = [];
  for (let count = 0; count < 45; count++) idle.push((await isServed("127.0.0.2")).isServed);
  assert.equal(idle.filter((one) => one).length, MAX_CONNECTIONS / 4);
  await eventually(
    () => reasonsOf("127.0.0.2").length === 5,
    () => `5 refused: ${reasonsOf("127.0.0.2")}`,
  );
  assert.deepEqual([...new Set(reasonsOf("127.0.0.2"))], ["client_connection_limit"]);
  assert.equal(await countServed(LOOPBACK), HONEST);
});

testEngines("private addresses, which many clients may share, have no built-in limit of their own", async (t) => {
  const { countServed, flood, isServed, proxy } = await start(t, { privateNetworks: ["127.0.0.0/8"] });
  await flood(["127.0.0.2"], 30);
  for (let count = 0; count < 60; count++) assert.ok((await isServed("127.0.0.2")).isServed, `${count}`);
  assert.equal(await countServed("127.0.0.2"), HONEST);
  assert.ok(proxy.activeConnections >= 90);
});
