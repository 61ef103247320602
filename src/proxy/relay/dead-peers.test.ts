/**
 * Tests dead peers on loopback: a socket whose segments the kernel drops. test/network/dead-peers.test.ts has the same
 * with a link that goes down.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { deafen, noDeafSocket } from "../../../test/wire/deaf-socket.ts";
import { startSimple, testEngine } from "../../../test/wire/gateway.ts";
import { HELLO, type Scene, stage } from "../../../test/wire/reasons/producer.ts";
import { connectTo, readAll, readSome, startBackend } from "../../../test/wire/sockets.ts";

/** The workers', and what they leave to the portable engine beside them. */
const WAYS: readonly (readonly [string, Scene["settings"]])[] = [
  ["by a worker", undefined],
  ["by the portable engine beside the workers", { maxConnections: 100 }],
];

async function pair(t: TestContext, settings: Scene["settings"], tcpUserTimeoutMs: number) {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = await startBackend((socket) => accepted.resolve(socket));
  const gateway = await stage(t, {
    server,
    options: { timeOuts: { tcpUserTimeoutMs } },
    ...(settings && { settings }),
  });
  const client = await connectTo(gateway.port);
  t.after(() => client.destroy());
  client.write(HELLO);
  const backend = await accepted.promise;
  assert.deepEqual(await readSome(backend, HELLO.length), HELLO);
  return { ...gateway, client, backend };
}

/** Returns the code of the socket's error; undefined if it has none within this time. */
async function findError(socket: net.Socket, withinMs: number): Promise<string | undefined> {
  const error = once(socket.resume(), "error", { signal: AbortSignal.timeout(withinMs) });
  const [found] = (await error.catch(() => [])) as readonly NodeJS.ErrnoException[];
  return found?.code;
}

for (const [how, settings] of WAYS) {
  for (const dead of ["backend", "client"] as const) {
    testEngine(
      "linux",
      `a ${dead} that acknowledges nothing while the other sends: that one is reset (${how})`,
      async (t) => {
        const { connections, ...ends } = await pair(t, settings, 4_000);
        const [gone, sender] = dead === "backend" ? [ends.backend, ends.client] : [ends.client, ends.backend];
        deafen(gone);
        const beganMs = performance.now();
        const sending = setInterval(() => sender.write("more"), 100);
        t.after(() => clearInterval(sending));
        assert.equal(await findError(sender, 12_000), "ECONNRESET");
        const tookMs = performance.now() - beganMs;
        assert.ok(tookMs >= 4_000 && tookMs < 8_000, `${tookMs} ms`);
        clearInterval(sending);
        const [line] = await connections(1);
        assert.equal(line?.reason, dead === "backend" ? "backend_unresponsive" : "client_unreachable");
        assert.match(String(line?.detail), /^no acknowledgement for \d s$/);
      },
      noDeafSocket(),
    );
  }

  testEngine(
    "linux",
    `a backend that answers and does not read lives (${how})`,
    async (t) => {
      const { backend, client, connections } = await pair(t, settings, 2_000);
      backend.pause();
      let written = 0;
      for (let isTaken = true; isTaken; written += 50_000) {
        isTaken =
          client.write(Buffer.alloc(50_000)) || (await Promise.race([once(client, "drain"), sleep(300)])) !== undefined;
      }
      // Longer than a dead peer's connection stays open.
      await sleep(6_000);
      client.end();
      assert.equal((await readAll(backend)).length, written);
      backend.end("bye");
      assert.equal(String(await readSome(client, 3)), "bye");
      assert.equal((await connections(1))[0]?.reason, "completed");
    },
    noDeafSocket(),
  );
}

testEngine("portable", "the log names what the engine cannot do: it does not detect dead peers", async (t) => {
  const { lines } = await startSimple(t, []);
  const [line] = lines.filter(({ message }) => message === "portable engine");
  assert.deepEqual(line?.fields.unsupported, ["tcpUserTimeout", "urgent data"]);
});
