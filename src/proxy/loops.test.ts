/** Tests endpoints and hosts that lead back to the gateway: one client connection must stay one. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { backend, listener, route, service } from "../../test/wire/config.ts";
import { startGateway, testEngines } from "../../test/wire/gateway.ts";
import { helloFor } from "../../test/wire/hello-bytes.ts";
import { connectTo, eventually, freePorts, LOOPBACK, readAll, readSome, startEcho } from "../../test/wire/sockets.ts";
import { GATEWAY_ADDRESSES, type Resource } from "../model/proxy-config.ts";
import type { ProxyOptions } from "./proxy.ts";

const hello = helloFor("a.example");

/** Where clients reach the Gateway, as the operator lists it. */
const reachedAt = (...endpoints: string[]): Resource => service(GATEWAY_ADDRESSES, ...endpoints)[1];

/** A gateway with one route to backend `s`, which `resources` builds from its port. */
async function start(
  t: TestContext,
  resources: (port: number) => readonly Resource[],
  options: Partial<ProxyOptions> = {},
) {
  const gateway = startGateway(t, { maxConnections: 100, ...options });
  const [port = 0] = await freePorts(1);
  await gateway.set(listener("l", port), route("r", "l", ["*"], { s: 1 }), ...resources(port));
  return { ...gateway, port };
}

/** Opens one client; returns the reasons of all resulting connections. */
async function oneClient({ port, connections }: Awaited<ReturnType<typeof start>>) {
  const client = await connectTo(port);
  client.write(hello);
  await readAll(client).catch(() => {});
  client.destroy();
  return (await connections(1)).map(({ reason }) => reason);
}

for (const address of [LOOPBACK, "::ffff:127.0.0.1", "::ffff:7f00:1", "0.0.0.0"]) {
  testEngines(`an endpoint that is the listener itself, as ${address}, is not connected to`, async (t) => {
    const gateway = await start(t, (port) => service("s", `${address}:${port}`));
    assert.deepEqual(await oneClient(gateway), ["backend_loop"]);
  });
}

testEngines("a listener on all addresses is own at every loopback and interface address", async (t) => {
  const options = { bindAddresses: ["0.0.0.0"], ownAddresses: () => ["192.0.2.7"] };
  for (const address of ["127.0.0.1", "127.9.9.9", "192.0.2.7"]) {
    const gateway = await start(t, (port) => service("s", `${address}:${port}`), options);
    assert.deepEqual(await oneClient(gateway), ["backend_loop"], address);
  }
});

testEngines("the log names the endpoint of a loop", async (t) => {
  const gateway = await start(t, (port) => service("s", `${LOOPBACK}:${port}`));
  await oneClient(gateway);
  const [line] = await gateway.connections(1);
  assert.equal(line?.detail, `${LOOPBACK}:${gateway.port} is an address of this Gateway`);
});

testEngines("addresses that the operator lists are not connected to, node ports included", async (t) => {
  for (const [listed, endpoint] of [
    ["192.0.2.1:443", "192.0.2.1:443"],
    ["192.0.2.1:443", "::ffff:192.0.2.1:443"],
    ["192.0.2.1:443", "64:ff9b::192.0.2.1:443"],
    ["2001:DB8::1:443", "2001:db8:0::1:443"],
    ["0.0.0.0:30443", "192.0.2.9:30443"],
  ] as const) {
    const gateway = await start(t, () => [...service("s", endpoint), reachedAt(listed)], {
      nodeAddresses: ["192.0.2.9"],
    });
    assert.deepEqual(await oneClient(gateway), ["backend_loop"], endpoint);
  }
});

testEngines("an external host that resolves to the Gateway is not connected to", async (t) => {
  const resolver = {
    resolve4: async () => [{ address: "192.0.2.1", ttl: 60 }],
    resolve6: async () => [],
  };
  const host = backend("s", { type: "external", host: "db.example", port: 443 });
  const gateway = await start(t, () => [host, reachedAt("192.0.2.1:443")], { resolver });
  assert.deepEqual(await oneClient(gateway), ["backend_loop"]);
});

testEngines("an override that leads back is not connected to", async (t) => {
  const [port = 0] = await freePorts(1);
  const overrides = new Map([["db.example:443", { address: LOOPBACK, port }]]);
  const gateway = startGateway(t, { maxConnections: 100, overrides });
  const host = backend("s", { type: "external", host: "db.example", port: 443 });
  await gateway.set(listener("l", port), route("r", "l", ["*"], { s: 1 }), host);
  assert.deepEqual(await oneClient({ ...gateway, port }), ["backend_loop"]);
});

testEngines("endpoints beside an own one serve, also at the same address with another port", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = await start(t, (port) => service("s", `${LOOPBACK}:${port}`, echo.address), { random: () => 0 });
  for (let turn = 0; turn < 4; turn++) {
    const client = await connectTo(gateway.port);
    client.write(hello);
    assert.deepEqual(await readSome(client, hello.length), hello);
    client.end();
    await readAll(client);
  }
  assert.ok((await gateway.connections(4)).every(({ reason }) => reason === "completed"));
});

testEngines("a change of the listed addresses holds from the next connection on", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const [port = 0] = await freePorts(1);
  const gateway = startGateway(t);
  const resources = [listener("l", port), route("r", "l", ["*"], { s: 1 }), ...service("s", echo.address)];
  for (const own of [[], [reachedAt(echo.address)], []]) {
    await gateway.set(...resources, ...own);
    const client = await connectTo(port);
    client.end(hello);
    await readAll(client);
  }
  const reasons = (await gateway.connections(3)).map(({ reason }) => reason);
  assert.deepEqual(reasons, ["completed", "backend_loop", "completed"]);
});

testEngines(
  "a backend that holds all it may leaves room for others, and takes connections again when some end",
  async (t) => {
    const [full, free] = [await startEcho(), await startEcho()];
    t.after(() => Promise.all([full.close(), free.close()]));
    // Three quarters of eight.
    const gateway = startGateway(t, { maxConnections: 8 });
    const [port = 0] = await freePorts(1);
    await gateway.set(
      listener("l", port),
      route("r", "l", ["a.example"], { full: 1 }),
      route("other", "l", ["b.example"], { free: 1 }),
      ...service("full", full.address),
      ...service("free", free.address),
    );
    const open = async (bytes: Uint8Array) => {
      const client = await connectTo(port);
      t.after(() => client.destroy());
      client.write(bytes);
      return client;
    };
    const clients: Socket[] = [];
    // One after the other: only a quarter of the connections may be without a route at a time.
    for (let i = 0; i < 6; i++) {
      const client = await open(hello);
      assert.deepEqual(await readSome(client, hello.length), hello);
      clients.push(client);
    }
    const rejected = await open(hello);
    const received = readAll(rejected);
    const logged = () => gateway.lines.map(({ fields }) => fields.reason);
    await eventually(
      () => logged().includes("backend_connection_limit"),
      () => `the seventh is rejected: ${JSON.stringify(logged())}`,
    );
    assert.deepEqual(await received, Buffer.alloc(0));
    rejected.destroy();
    const other = helloFor("b.example");
    assert.deepEqual(await readSome(await open(other), other.length), other);
    clients[0]?.end();
    await readAll(clients[0] as Socket);
    await eventually(
      () => logged().includes("completed"),
      () => `its end is logged: ${JSON.stringify(logged())}`,
    );
    assert.deepEqual(await readSome(await open(hello), hello.length), hello);
  },
);
