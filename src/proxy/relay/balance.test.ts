import assert from "node:assert/strict";
import net from "node:net";
import type { TestContext } from "node:test";
import { listener, route, service } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import {
  connectTo,
  eventually,
  freePorts,
  LOOPBACK,
  readAll,
  readSome,
  startEcho,
} from "../../../test/wire/sockets.ts";
import type { BackendTraffic } from "../../model/traffic.ts";
import { writeProxyHeader } from "../proxy-protocol/write.ts";
import { type Connect, connectTcp } from "./socket-options.ts";

const hello = helloFor("a.example");

/** A gateway before these endpoints; `dialled` are the ports that were tried, in order. */
async function start(
  t: TestContext,
  endpoints: readonly string[],
  traffic: BackendTraffic,
  { isBehindBalancer = false, connect = connectTcp }: { isBehindBalancer?: boolean; connect?: Connect } = {},
) {
  const dialled: number[] = [];
  const dial: Connect = (endpoint) => {
    dialled.push(endpoint.port);
    return connect(endpoint);
  };
  const gateway = startGateway(t, { connect: dial, random: () => 0 });
  const [port = 0] = await freePorts(1);
  const [backend, resource] = service("s", ...endpoints);
  const client = isBehindBalancer && {
    client: { proxyProtocol: { mode: "required", trusted: ["127.0.0.1"] } as const },
  };
  await gateway.set(
    { ...listener("l", port), ...client },
    route("r", "l", ["*"], { s: 1 }),
    { ...backend, traffic },
    resource,
  );
  return { ...gateway, port, dialled };
}

async function echoes(t: TestContext, count: number) {
  const servers = await Promise.all(Array.from({ length: count }, startEcho));
  t.after(() => Promise.all(servers.map((server) => server.close())));
  return servers;
}

async function established(port: number, header: Uint8Array = Buffer.alloc(0)): Promise<net.Socket> {
  const client = await connectTo(port);
  client.write(Buffer.concat([header, hello]));
  assert.deepEqual(await readSome(client, hello.length), hello);
  return client;
}

testEngines("least connections: a new connection goes where fewest are open", async (t) => {
  const servers = await echoes(t, 3);
  const { port, dialled } = await start(
    t,
    servers.map(({ address }) => address),
    { balance: "LeastConnections" },
  );
  const clients: net.Socket[] = [];
  for (let turn = 0; turn < 9; turn++) clients.push(await established(port));
  const count = (server: number) => dialled.filter((port) => port === servers[server]?.port).length;
  assert.deepEqual([count(0), count(1), count(2)], [3, 3, 3]);
  // All connections of the second server end: the next ones are its.
  const ended = clients.filter((_, index) => dialled[index] === servers[1]?.port);
  for (const client of ended) client.end();
  await Promise.all(ended.map((client) => readAll(client)));
  const held = new Set(servers[1]?.sockets);
  for (let turn = 0; turn < 3; turn++) clients.push(await established(port));
  assert.equal([...(servers[1]?.sockets ?? [])].filter((socket) => !held.has(socket)).length, 3);
  for (const client of clients) client.destroy();
});

testEngines("consistent hash: a client that the PROXY header names always has the same endpoint", async (t) => {
  const servers = await echoes(t, 4);
  const endpoints = servers.map(({ address }) => address);
  const { port, dialled } = await start(t, endpoints, { balance: "ConsistentHash" }, { isBehindBalancer: true });
  const used = new Set<number>();
  for (let client = 1; client <= 12; client++) {
    const header = writeProxyHeader({
      version: 2,
      ends: { source: { address: `192.0.2.${client}`, port: client }, destination: { address: LOOPBACK, port: 443 } },
    });
    for (let turn = 0; turn < 2; turn++) (await established(port, header)).destroy();
    const [one, other] = dialled.slice(-2);
    assert.equal(one, other);
    used.add(one ?? 0);
  }
  assert.ok(used.size > 1);
});

testEngines("an endpoint that refuses twice is not tried again; the connections go to the other", async (t) => {
  const [server] = await echoes(t, 1);
  const [closed = 0] = await freePorts(1);
  const ejection = { consecutiveFailures: 2, baseMs: 60_000, maxMs: 60_000 };
  const { port, dialled, connections, lines } = await start(t, [`${LOOPBACK}:${closed}`, server!.address], {
    ejection,
  });
  for (let turn = 0; turn < 8; turn++) {
    const client = await connectTo(port);
    client.end(hello);
    assert.deepEqual(await readAll(client), hello);
  }
  assert.equal(dialled.filter((port) => port === closed).length, 2);
  for (const { reason } of await connections(8)) assert.equal(reason, "completed");
  const said = lines.filter(({ message }) => message === "endpoint is left out").map(({ fields }) => fields);
  assert.deepEqual(said, [{ backend: "s", endpoint: `${LOOPBACK}:${closed}`, forMs: 60_000 }]);
});

testEngines("a connect time-out of the backend's own", async (t) => {
  // Stands in for a network that swallows SYNs, which loopback never does.
  const { port, connections } = await start(
    t,
    [`${LOOPBACK}:9`],
    { connectMs: 60 },
    { connect: () => new net.Socket() },
  );
  const client = await connectTo(port);
  client.write(hello);
  assert.equal((await readAll(client)).length, 0);
  client.end();
  const [line] = await connections(1);
  assert.equal(line?.reason, "backend_timeout");
  assert.equal(line?.detail, "no answer within 60 ms");
});

testEngines("an attempt that is given up because the client went counts no more", async (t) => {
  const [server] = await echoes(t, 1);
  const endpoints = [`${LOOPBACK}:9`, server!.address];
  // The first endpoint stands in for a network that swallows SYNs.
  const connect: Connect = (endpoint) => (endpoint.port === 9 ? new net.Socket() : connectTcp(endpoint));
  const { port, dialled, connections } = await start(t, endpoints, { balance: "LeastConnections" }, { connect });
  const hasty = await connectTo(port);
  hasty.write(hello);
  await eventually(
    () => dialled.length === 1,
    () => "the first dial",
  );
  const second = await established(port);
  hasty.resetAndDestroy();
  second.end();
  await readAll(second);
  assert.deepEqual(
    (await connections(2)).map(({ reason }) => reason),
    ["client_reset", "completed"],
  );
  const third = await connectTo(port);
  third.write(hello);
  await eventually(
    () => dialled.length === 3,
    () => "the third dial",
  );
  third.destroy();
  assert.deepEqual(dialled, [9, server!.port, 9]);
  await connections(3);
});

testEngines("shares are those of the weights, also where one backend of several asks for a policy", async (t) => {
  const servers = await echoes(t, 2);
  const gateway = startGateway(t, { random: () => 0 });
  const [port = 0] = await freePorts(1);
  const [plain, plainEndpoints] = service("plain", servers[0]?.address ?? "");
  const [asking, askingEndpoints] = service("asking", servers[1]?.address ?? "");
  await gateway.set(
    listener("l", port),
    route("r", "l", ["*"], { plain: 3, asking: 1 }),
    plain,
    plainEndpoints,
    { ...asking, traffic: { balance: "LeastConnections" } },
    askingEndpoints,
  );
  for (let turn = 0; turn < 12; turn++) {
    const client = await established(port);
    client.end();
    await readAll(client);
  }
  const lines = await gateway.connections(12);
  assert.equal(lines.filter(({ backend }) => backend === "asking").length, 3);
});
