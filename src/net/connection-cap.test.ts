import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { connectTo, eventually, LOOPBACK } from "../../test/wire/sockets.ts";
import { ConnectionCap } from "./connection-cap.ts";

async function startServer(t: TestContext, max: number) {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => void sockets.push(socket.on("error", () => {}).resume()));
  const cap = new ConnectionCap(server, max);
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as net.AddressInfo;
  const connect = async () => {
    const before = sockets.length;
    const client = await connectTo(port);
    client.resume();
    t.after(() => client.destroy());
    await eventually(
      () => sockets.length > before,
      () => "it is accepted",
    );
    return { client, socket: sockets[before] ?? assert.fail("a socket") };
  };
  const isClosed = (client: net.Socket) =>
    eventually(
      () => client.destroyed,
      () => "it is reset",
    );
  return { cap, connect, isClosed };
}

test("beyond the cap the connection that has been idle longest is reset, and no busy one", async (t) => {
  const { cap, connect, isClosed } = await startServer(t, 2);
  const busy = await connect();
  const endWork = cap.startWork(busy.socket);
  const idle = await connect();
  const next = await connect();
  await isClosed(idle.client);
  assert.equal(busy.client.destroyed, false);
  endWork();
  // It has just become idle: the other one has waited longer.
  const last = await connect();
  await isClosed(next.client);
  assert.deepEqual([busy.client.destroyed, last.client.destroyed, cap.size], [false, false, 2]);
});

test("if all are busy the oldest is reset", async (t) => {
  const { cap, connect, isClosed } = await startServer(t, 2);
  const first = await connect();
  const second = await connect();
  for (const { socket } of [first, second]) cap.startWork(socket);
  await connect();
  await isClosed(first.client);
  assert.equal(second.client.destroyed, false);
});

test("a connection that ends makes room", async (t) => {
  const { cap, connect } = await startServer(t, 1);
  const first = await connect();
  first.client.destroy();
  await eventually(
    () => cap.size === 0,
    () => `${cap.size} connections`,
  );
  const second = await connect();
  assert.equal(second.client.destroyed, false);
});
