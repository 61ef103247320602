import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type net from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listener, route, service } from "../../../test/wire/config.ts";
import { engineOf, startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, freePorts, readAll, readSome, startBackend } from "../../../test/wire/sockets.ts";
import { noUrgentData, sendUrgent } from "../../../test/wire/urgent.ts";
import type { ListenerResource, Resource } from "../../model/proxy-config.ts";

const hello = helloFor("a.example");
/** More than a read, so that what follows is spliced by the engine that does so. */
const BULK = randomBytes(300_000);

interface Port {
  readonly name: string;
  readonly taker: (port: number) => ListenerResource;
  readonly more?: readonly Resource[];
}

const PORTS: readonly Port[] = [
  { name: "a TCP port", taker: (port) => ({ kind: "listener", name: "l", port, protocol: "TCP" }) },
  { name: "a TLS port", taker: (port) => listener("l", port) },
  // Which the linux engine leaves to the portable engine beside it.
  {
    name: "a TLS port under settings",
    taker: (port) => listener("l", port),
    more: [{ kind: "settings", name: "proxy", maxConnections: 100 }],
  },
];

/** Both ends of a connection through the gateway, the hello delivered. */
async function pair(t: TestContext, { more = [], taker }: Port) {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = await startBackend((socket) => accepted.resolve(socket));
  t.after(() => server.close());
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  await gateway.set(...more, taker(port), route("r", "l", ["*"], { s: 1 }), ...service("s", server.address));
  const client = await connectTo(port);
  t.after(() => client.destroy());
  client.write(hello);
  const backend = await accepted.promise;
  backend.setNoDelay(true);
  assert.deepEqual(await readSome(backend, hello.length), hello);
  return { ...gateway, client, backend };
}

async function write(socket: net.Socket, bytes: Uint8Array | string): Promise<void> {
  socket.write(bytes);
  if (socket.writableLength > 0) await once(socket, "drain");
}

/** Urgent bytes among others, in pieces that arrive apart and in one piece. */
async function sendAll(from: net.Socket): Promise<void> {
  await write(from, "one ");
  sendUrgent(from, "two!");
  await sleep(50);
  await write(from, BULK);
  sendUrgent(from, "?");
  await write(from, BULK);
  await sleep(50);
  sendUrgent(from, "end!");
}

const SENT = Buffer.concat([Buffer.from("one two!"), BULK, Buffer.from("?"), BULK, Buffer.from("end!")]);
/** Without the urgent bytes: they are not part of the stream unless the reader requests them (RFC 6093). */
const WITHOUT_URGENT = Buffer.concat([Buffer.from("one two"), BULK, BULK, Buffer.from("end")]);

for (const port of PORTS) {
  for (const way of ["up", "down"] as const) {
    testEngines(
      `urgent data ${way} through ${port.name}: the bytes arrive in order, and the connection goes on`,
      async (t) => {
        const { backend, client, connections } = await pair(t, port);
        const [from, to] = way === "up" ? [client, backend] : [backend, client];
        const received = readAll(to);
        await sendAll(from);
        from.end();
        // Not from Node alone, whose sockets drop the urgent bytes.
        const expected = engineOf(t) === "linux" ? SENT : WITHOUT_URGENT;
        assert.deepEqual(await received, expected);
        to.write("answer");
        assert.equal(String(await readSome(from, 6)), "answer");
        to.end();
        assert.equal((await connections(1))[0]?.reason, "completed");
      },
      noUrgentData(),
    );
  }
}
