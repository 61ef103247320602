import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type net from "node:net";
import v8 from "node:v8";
import vm from "node:vm";
import { noBlackhole, startBlackhole } from "../../../test/wire/blackhole.ts";
import { startSimple, testEngine, testEngines } from "../../../test/wire/gateway.ts";
import { endByBackendFirst, endByClientFirst } from "../../../test/wire/half-close.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import {
  connectTo,
  eventually,
  freePorts,
  LOOPBACK,
  readAll,
  readSome,
  startBackend,
  startEcho,
} from "../../../test/wire/sockets.ts";

const hello = helloFor("a.example");

/** A connection through the gateway with both of its ends in hand, the hello delivered. */
async function openPair(t: Parameters<typeof startSimple>[0], options: Parameters<typeof startSimple>[2] = {}) {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = await startBackend((socket) => accepted.resolve(socket));
  t.after(() => server.close());
  const gateway = await startSimple(t, [server.address], options);
  const client = await connectTo(gateway.port);
  client.write(hello);
  const backend = await accepted.promise;
  assert.deepEqual(await readSome(backend, hello.length), hello);
  return { ...gateway, client, backend };
}

testEngines("the client's end is passed on, and the backend may go on sending", async (t) => {
  const { client, backend, connections } = await openPair(t);
  await endByClientFirst({ client, backend });
  assert.equal((await connections(1))[0]?.reason, "completed");
});

testEngines("a client that is gone when the backend says goodbye has completed what it came for", async (t) => {
  const { client, backend, connections } = await openPair(t);
  client.end("last words");
  assert.equal(String(await readAll(backend)), "last words");
  client.destroy();
  // As the close_notify of TLS: nobody is there to take it, and the kernel answers by a reset.
  backend.write("goodbye");
  await new Promise((resolve) => setTimeout(resolve, 50));
  backend.end();
  assert.equal((await connections(1))[0]?.reason, "completed");
});

testEngines("the backend's end is passed on, and the client may go on sending", async (t) => {
  const { client, backend, connections } = await openPair(t);
  await endByBackendFirst({ client, backend });
  assert.equal((await connections(1))[0]?.reason, "completed");
});

const errorOf = async (socket: net.Socket): Promise<string> => {
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  return error.code ?? error.message;
};

testEngines("a reset by the client is a reset for the backend", async (t) => {
  const { client, backend, connections } = await openPair(t);
  backend.resume();
  const seen = errorOf(backend);
  client.resetAndDestroy();
  assert.equal(await seen, "ECONNRESET");
  assert.equal((await connections(1))[0]?.reason, "client_reset");
});

testEngines("a reset by the backend is a reset for the client", async (t) => {
  const { client, backend, connections } = await openPair(t);
  client.resume();
  const seen = errorOf(client);
  backend.resetAndDestroy();
  assert.equal(await seen, "ECONNRESET");
  assert.equal((await connections(1))[0]?.reason, "backend_reset");
});

for (const [how, end] of [
  ["", (backend: net.Socket) => void backend.resetAndDestroy()],
  [
    ", because it closes over unread bytes",
    (backend: net.Socket) => {
      backend.pause();
      setTimeout(() => backend.destroy(), 200);
    },
  ],
] as const) {
  testEngines(
    `a backend that resets after the client's end${how}: completed, and the client sees the reset`,
    async (t) => {
      const { client, backend, connections } = await openPair(t);
      client.resume();
      const seen = errorOf(client);
      // More than Node reads before it pauses, less than the kernel holds.
      const last = Buffer.alloc(200_000);
      if (how === "") backend.on("end", () => end(backend)).resume();
      else end(backend);
      client.end(last);
      assert.equal(await seen, "ECONNRESET");
      const [line] = await connections(1);
      assert.equal(line?.reason, "completed", JSON.stringify(line));
      assert.match(String(line?.detail), /the backend reset the connection after the client had closed/);
      assert.equal(line?.bytesIn, hello.length + last.length);
    },
  );
}

// The portable engine does not notice a reset while it does not read: it forwards all that came before.
testEngine(
  "linux",
  "a backend that resets after the client's end with bytes under way to the client: a reset",
  async (t) => {
    const { client, backend, connections } = await openPair(t);
    client.pause();
    client.end();
    backend.resume();
    await once(backend, "end");
    const chunk = Buffer.alloc(1_000_000);
    for (let count = 0; count < 40; count++) backend.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 300));
    backend.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.resume();
    await errorOf(client);
    assert.equal((await connections(1))[0]?.reason, "backend_reset");
  },
);

testEngines("a reset after a half-close with bytes under way leaves nothing behind", async (t) => {
  const { client, backend, connections } = await openPair(t);
  backend.pause();
  client.end(Buffer.alloc(8_000_000));
  backend.write("x");
  assert.equal(String(await readSome(client, 1)), "x");
  client.resetAndDestroy();
  backend.resetAndDestroy();
  // connections() also waits until the engine has let go of both sockets.
  const [line] = await connections(1);
  assert.ok(line?.reason === "client_reset" || line?.reason === "backend_reset", String(line?.reason));
});

v8.setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc") as () => void;

/** Bytes in buffers that somebody still needs. */
async function heldBytes(): Promise<number> {
  // What the test before has left goes only when its last promises have settled.
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().arrayBuffers;
}

// More than the kernel may hold in the four buffers between sender and reader (tcp_rmem, tcp_wmem: some 20 MB).
const TOTAL_BYTES = 48_000_000;
const CHUNK = randomBytes(50_000);

/**
 * Sends 20 MB to a side that does not read, until the sender is held up; then lets it read, and compares. Sender and
 * receiver hold one chunk each, so that the growth of buffers in this process is the relay's.
 */
async function throughSlowReader(from: net.Socket, to: net.Socket): Promise<void> {
  to.pause();
  const heldBefore = await heldBytes();
  const progress = { sent: 0 };
  const sending = send(from, progress);
  for (let last = -1; progress.sent !== last; ) {
    last = progress.sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(progress.sent < TOTAL_BYTES, "the sender is held up");
  const held = (await heldBytes()) - heldBefore;
  // Two stream buffers of 64 KiB and a read in the relay, as much in sender and receiver, and some slack for the test.
  assert.ok(held < 1_000_000, `${held} bytes are held while ${progress.sent} were sent`);
  const received = await readAll(to);
  await sending;
  assert.equal(received.length, TOTAL_BYTES);
  for (let start = 0; start < TOTAL_BYTES; start += CHUNK.length) {
    assert.equal(received.compare(CHUNK, 0, CHUNK.length, start, start + CHUNK.length), 0, `chunk at ${start}`);
  }
}

async function send(from: net.Socket, progress: { sent: number }): Promise<void> {
  while (progress.sent < TOTAL_BYTES) {
    progress.sent += CHUNK.length;
    if (!from.write(CHUNK)) await once(from, "drain");
  }
  from.end();
}

testEngines("48 MB up to a slow backend: held up, then whole", async (t) => {
  const { client, backend, connections } = await openPair(t);
  await throughSlowReader(client, backend);
  backend.end();
  client.resume();
  const [line] = await connections(1);
  assert.deepEqual([line?.reason, line?.bytesIn], ["completed", hello.length + TOTAL_BYTES]);
});

testEngines("48 MB down to a slow client: held up, then whole", async (t) => {
  const { client, backend, connections } = await openPair(t);
  await throughSlowReader(backend, client);
  client.end();
  backend.resume();
  const [line] = await connections(1);
  assert.deepEqual([line?.reason, line?.bytesOut], ["completed", TOTAL_BYTES]);
});

testEngines("a hello that drips past its one deadline is refused", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { port, connections } = await startSimple(t, [echo.address], { timeOuts: { clientHelloMs: 200 } });
  const client = await connectTo(port);
  const drip = setInterval(() => client.write(Uint8Array.of(22)), 50);
  t.after(() => clearInterval(drip));
  client.write(hello.subarray(0, 30));
  assert.equal((await readAll(client)).length, 0);
  clearInterval(drip);
  client.end();
  const [line] = await connections(1);
  assert.equal(line?.reason, "client_hello_timeout");
  assert.ok(Number(line?.durationMs) >= 200);
});

testEngines("silence ends at the idle time-out", async (t) => {
  const { client, backend, connections } = await openPair(t, { timeOuts: { idleMs: 100 } });
  backend.resume();
  await readAll(client);
  assert.equal((await connections(1))[0]?.reason, "idle_timeout");
});

testEngines("silence after a half-close ends at its own time-out", async (t) => {
  const { client, backend, connections } = await openPair(t, { timeOuts: { halfClosedMs: 100 } });
  client.end();
  await readAll(backend);
  client.resume();
  await once(client, "close");
  assert.equal((await connections(1))[0]?.reason, "half_closed_timeout");
});

// Node stops watching a socket whose end it has read, so that the portable engine learns of such a reset by a write only.
testEngine(
  "linux",
  "a reset after the client's end frees the connection, and the backend keeps what it has",
  async (t) => {
    const { client, backend, connections } = await openPair(t, { timeOuts: { halfClosedMs: 20_000 } });
    // The backend reads nothing until the gateway has closed: its kernel holds the bytes.
    const sent = Buffer.alloc(30_000, 1);
    backend.pause();
    client.end(sent);
    // More than the client reads ahead: closing over unread bytes is a reset.
    backend.write(Buffer.alloc(200_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.destroy();
    assert.equal((await connections(1))[0]?.reason, "client_reset");
    assert.equal((await readAll(backend)).length, sent.length);
  },
);

testEngines("a client that goes before its hello is complete", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { port, connections } = await startSimple(t, [echo.address]);
  const closing = await connectTo(port);
  closing.end(hello.subarray(0, 40));
  await readAll(closing);
  const resetting = await connectTo(port);
  resetting.write(hello.subarray(0, 40), () => resetting.resetAndDestroy());
  const lines = await connections(2);
  assert.deepEqual(
    lines.map(({ reason }) => reason),
    ["client_closed_early", "client_closed_early"],
  );
  assert.equal(echo.sockets.length, 0, "nothing was dialled");
});

testEngines("the next endpoint is tried when one refuses", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const [closed1, closed2] = await freePorts(2);
  const endpoints = [`${LOOPBACK}:${closed1}`, `${LOOPBACK}:${closed2}`, echo.address];
  const { port, connections } = await startSimple(t, endpoints, { random: () => 0 });
  for (let turn = 0; turn < 3; turn++) {
    const client = await connectTo(port);
    client.end(hello);
    assert.deepEqual(await readAll(client), hello);
  }
  for (const line of await connections(3)) {
    assert.deepEqual([line.reason, line.endpoint], ["completed", echo.address]);
  }
});

testEngines(
  "an endpoint that does not answer is given up, and the next one tried",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const silent = await startBlackhole();
    t.after(() => silent.close());
    const { port, connections } = await startSimple(t, [silent.address, echo.address], {
      random: () => 0,
      timeOuts: { connectMs: 100 },
    });
    const client = await connectTo(port);
    client.write(hello);
    assert.deepEqual(await readSome(client, hello.length), hello);
    client.end();
    const [line] = await connections(1);
    assert.deepEqual([line?.reason, line?.endpoint], ["completed", echo.address]);
    assert.ok(Number(line?.connectMs) >= 100);
  },
  noBlackhole(),
);

testEngines(
  "no endpoint answers: backend_timeout; a client that resets meanwhile: client_reset",
  async (t) => {
    const silent = await startBlackhole();
    t.after(() => silent.close());
    const { port, connections } = await startSimple(t, [silent.address], { timeOuts: { connectMs: 1_500 } });
    const patient = await connectTo(port);
    patient.write(hello);
    assert.equal((await readAll(patient)).length, 0);
    patient.end();
    assert.equal((await connections(1))[0]?.reason, "backend_timeout");
    const hasty = await connectTo(port);
    hasty.write(hello);
    await eventually(
      () => silent.attempts() === 1,
      () => "the second dial",
    );
    hasty.resetAndDestroy();
    assert.equal((await connections(2))[1]?.reason, "client_reset");
    assert.equal(silent.attempts(), 0, "the dial is given up");
  },
  noBlackhole(),
);

testEngines("no way to the endpoint: backend_unreachable", async (t) => {
  // The kernel connects to no broadcast address, and sends nothing.
  const { port, connections } = await startSimple(t, ["255.255.255.255:443"]);
  const client = await connectTo(port);
  client.end(hello);
  await readAll(client);
  const [line] = await connections(1);
  assert.deepEqual([line?.reason, line?.endpoint], ["backend_unreachable", "255.255.255.255:443"]);
  assert.match(String(line?.detail), /^connect E[A-Z]+ 255\.255\.255\.255:443/);
});

testEngines(
  "what the client sends while the backend is dialled arrives in order",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const silent = await startBlackhole();
    t.after(() => silent.close());
    const { port, connections } = await startSimple(t, [silent.address, echo.address], {
      random: () => 0,
      timeOuts: { connectMs: 1_500 },
    });
    const client = await connectTo(port);
    const early = randomBytes(300_000);
    client.write(hello);
    await eventually(
      () => silent.attempts() === 1,
      () => "the dial",
    );
    client.write(early);
    const all = await readSome(client, hello.length + early.length);
    assert.deepEqual(all, Buffer.concat([hello, early]));
    client.end();
    assert.equal((await connections(1))[0]?.reason, "completed");
  },
  noBlackhole(),
);

for (const end of ["a FIN", "a FIN behind more bytes"]) {
  testEngines(
    `${end} while the backend is dialled: the client has left, and its place is free at once`,
    async (t) => {
      const silent = await startBlackhole();
      t.after(() => silent.close());
      const { port, connections, proxy } = await startSimple(t, [silent.address], { timeOuts: { connectMs: 15_000 } });
      const client = await connectTo(port);
      client.write(hello);
      await eventually(
        () => silent.attempts() === 1,
        () => "the dial",
      );
      const beganMs = performance.now();
      if (end === "a FIN") client.end();
      else client.end(randomBytes(2_000));
      await eventually(
        () => proxy.activeConnections === 0,
        () => "the end",
      );
      assert.ok(performance.now() - beganMs < 1_500, `${performance.now() - beganMs} ms`);
      const [line] = await connections(1);
      assert.deepEqual(
        [line?.reason, line?.detail],
        ["client_closed_early", "the client closed while its backend was dialled"],
      );
      assert.equal(silent.attempts(), 0, "the dial is given up");
    },
    noBlackhole(),
  );
}

testEngines("over the cap, a connection is closed at once, and the others go on", async (t) => {
  const { client, backend, port, connections, lines } = await openPair(t, { maxConnections: 1 });
  const extra = await connectTo(port);
  await readAll(extra);
  await eventually(
    () => lines.some(({ fields }) => fields.reason === "connection_limit"),
    () => "the log line",
  );
  client.end("on");
  assert.equal(String(await readAll(backend)), "on");
  backend.end();
  client.resume();
  assert.deepEqual(
    (await connections(2)).map(({ reason }) => reason),
    ["connection_limit", "completed"],
  );
});

testEngine("portable", "a defect ends the connection, is logged with its error, and the proxy lives", async (t) => {
  const { port, connections, lines } = await startSimple(t, ["192.0.2.1:443"], {
    connect: () => {
      throw new Error("a defect");
    },
  });
  for (let turn = 1; turn <= 2; turn++) {
    const client = await connectTo(port);
    client.write(hello);
    // Its hello has come, and went nowhere.
    assert.equal(await errorOf(client), "ECONNRESET");
    assert.equal((await connections(turn))[turn - 1]?.reason, "internal_error");
  }
  const defect = lines.find(({ level }) => level === "error");
  assert.equal(defect?.fields.error instanceof Error && defect.fields.error.message, "a defect");
});
