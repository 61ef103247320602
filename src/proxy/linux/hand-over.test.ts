import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { certificateFor } from "../../../test/wire/certificate.ts";
import { listener, route, service, terminating } from "../../../test/wire/config.ts";
import { startGateway, testEngine } from "../../../test/wire/gateway.ts";
import { connectTo, eventually, freePorts, LOOPBACK, readAll, startBackend } from "../../../test/wire/sockets.ts";
import { dialTls } from "../../../test/wire/tls-client.ts";
import type { Resource } from "../../model/proxy-config.ts";
import { hello, skip, startEngine } from "./testing/engine.ts";

testEngine("linux", "a port begins to decrypt and ceases to, under way, and no connection is refused", async (t) => {
  const plain = await startBackend((socket) => socket.end("plain"));
  t.after(() => plain.close());
  const { ca, cert, key } = await certificateFor("a.example");
  const gateway = startGateway(t, { workers: 2 });
  const [port = 0] = await freePorts(1);
  const rest = [route("r", "l", ["*"], { s: 1 }), ...service("s", plain.address)];
  const certificate: Resource = { kind: "certificate", name: "c", certificate: String(cert), privateKey: String(key) };
  const asPassthrough = () => gateway.set(listener("l", port), ...rest);
  const asTerminate = () => gateway.set(terminating("l", port, ["c"]), certificate, ...rest);
  await asPassthrough();
  const counts = { plain: 0, decrypted: 0 };
  const done = { is: false };
  const ask = async () => {
    while (!done.is) {
      const client = dialTls(port, "a.example", { ca });
      client.end("x");
      // Passed through, the backend's "plain" is no TLS; decrypted, it is what comes.
      const outcome = await new Promise<string>((resolve) => {
        client.on("data", (chunk: Buffer) => resolve(String(chunk)));
        client.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
        client.on("end", () => resolve("ended"));
      });
      client.destroy();
      if (outcome === "plain") counts.decrypted++;
      else {
        assert.match(outcome, /^ERR_SSL|EPROTO/, "answered by the backend");
        counts.plain++;
      }
    }
  };
  const asking = Promise.all([ask(), ask(), ask(), ask()]);
  asking.catch(() => {});
  for (let turn = 0; turn < 6; turn++) {
    await (turn % 2 === 0 ? asTerminate() : asPassthrough());
    // Four of them at most have begun before.
    const before = counts.plain + counts.decrypted;
    await eventually(
      () => counts.plain + counts.decrypted > before + 8,
      () => `answers: ${JSON.stringify(counts)}`,
    );
  }
  done.is = true;
  await asking;
  assert.ok(counts.plain > 0 && counts.decrypted > 0, JSON.stringify(counts));
});

test("what a thread has handed over just before it died is served all the same", { skip }, async (t) => {
  const [plain, endpoints] = service("s", `${LOOPBACK}:1`);
  const watched: Resource = { ...plain, traffic: { balance: "LeastConnections" } };
  const { engine, table, port, records, counts } = await startEngine(
    t,
    [route("r", "l", ["*"], { s: 1 }), watched, endpoints],
    { plan: async () => ({ action: "refuse", path: {}, reason: "no_backend" }) },
  );
  const before = readdirSync("/proc/self/fd").length;
  const clients = await Promise.all(Array.from({ length: 5 }, () => connectTo(port)));
  await Promise.all(clients.map((client) => new Promise((resolve) => client.write(hello, resolve))));
  // This thread stands still meanwhile, so that it learns of everything at once.
  standStill(300);
  const applied = engine.apply({ revision: "wrong", upserts: new Map(), removals: [] }, table);
  standStill(300);
  await applied;
  await Promise.all(clients.map((client) => readAll(client.end())));
  await eventually(
    () => records.length === 5,
    () => `5 records, there are ${records.length}`,
  );
  assert.deepEqual([...new Set(records.map(({ reason }) => reason))], ["no_backend"]);
  assert.equal(counts.opened, 5);
  await eventually(
    () => readdirSync("/proc/self/fd").length <= before,
    () => `${before} descriptors before, ${readdirSync("/proc/self/fd").length} after`,
  );
});

function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
