/** Tests that a connection with undelivered bytes ends by RST on both sides, and never looks complete. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startSimple, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, readSome, startBackend } from "../../../test/wire/sockets.ts";

const hello = helloFor("a.example");
const CHUNK = Buffer.alloc(50_000, 1);
/** If no drain comes for this time, all buffers are full. A busy machine may delay a drain by hundreds of milliseconds. */
const HELD_UP_MS = 800;

async function openPair(t: TestContext, options: Parameters<typeof startSimple>[2]) {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = await startBackend((socket) => accepted.resolve(socket));
  t.after(() => server.close());
  const gateway = await startSimple(t, [server.address], options);
  const client = await connectTo(gateway.port);
  t.after(() => client.destroy());
  client.write(hello);
  const backend = await accepted.promise;
  assert.deepEqual(await readSome(backend, hello.length), hello);
  return { ...gateway, client, backend };
}

/** How the socket ends for its owner. */
async function endOf(socket: net.Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("end", () => resolve("FIN"));
  socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  socket.resume();
  return promise;
}

/** Writes to a side that does not read, until all buffers on the path are full. */
async function fill(from: net.Socket, to: net.Socket): Promise<void> {
  to.pause();
  for (let isHeldUp = false; !isHeldUp; ) {
    if (from.write(CHUNK)) continue;
    isHeldUp = await Promise.race([once(from, "drain").then(() => false), sleep(HELD_UP_MS).then(() => true)]);
  }
}

for (const way of ["up", "down"] as const) {
  testEngines(`the idle time-out with bytes waiting ${way}: both sides are reset`, async (t) => {
    const { backend, client, connections } = await openPair(t, { timeOuts: { idleMs: 2_000 } });
    const [from, to] = way === "up" ? [client, backend] : [backend, client];
    await fill(from, to);
    const seen = endOf(from);
    assert.equal(await seen, "ECONNRESET", "the sender");
    assert.equal((await connections(1))[0]?.reason, "idle_timeout");
    assert.equal(await endOf(to), "ECONNRESET", "the receiver");
  });
}

testEngines("the half-closed time-out with bytes waiting behind the end: both sides are reset", async (t) => {
  const { backend, client, connections } = await openPair(t, { timeOuts: { halfClosedMs: 2_000 } });
  await fill(backend, client);
  const seen = once(backend.resume(), "error", { signal: AbortSignal.timeout(15_000) });
  client.end();
  // A reset behind an end is EPIPE for the writer.
  assert.match(String(((await seen)[0] as NodeJS.ErrnoException).code), /^(ECONNRESET|EPIPE)$/, "the backend");
  assert.equal((await connections(1))[0]?.reason, "half_closed_timeout");
  assert.equal(await endOf(client), "ECONNRESET", "the client");
});

testEngines("the idle time-out with nothing missing: FIN on both sides", async (t) => {
  const { backend, client, connections } = await openPair(t, { timeOuts: { idleMs: 200 } });
  assert.deepEqual(await Promise.all([endOf(client), endOf(backend)]), ["FIN", "FIN"]);
  client.end();
  backend.end();
  assert.equal((await connections(1))[0]?.reason, "idle_timeout");
});
