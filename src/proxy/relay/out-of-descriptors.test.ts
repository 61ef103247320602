import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { engineOf, testEngine, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, eventually, LOOPBACK, readAll, startEcho } from "../../../test/wire/sockets.ts";

const program = fileURLToPath(new URL("../../../test/wire/small-gateway.ts", import.meta.url));

/** A gateway before `endpoint` that may open so many descriptors, of which Node itself takes some twenty-five. */
async function startSmall(t: TestContext, endpoint: string, descriptors: number) {
  const run = `"${process.execPath}" "${program}" ${endpoint} ${engineOf(t)}`;
  const child = spawn("sh", ["-c", `ulimit -n ${descriptors} && exec ${run}`]);
  t.after(() => child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += String(chunk);
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const first = await lines.next();
  assert.match(String(first.value), /^\d+$/, errors);
  return { child, port: Number(first.value), errors: () => errors };
}

testEngines("out of descriptors, the proxy lives and accepts again when some are free", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  // Some fifteen more are for a worker; the others are for connections.
  const { child, port } = await startSmall(t, echo.address, 70);
  const crowd = await Promise.all(
    Array.from({ length: 80 }, async () => {
      const socket = net.connect(port, LOOPBACK).on("error", () => {});
      await once(socket, "connect");
      socket.resume();
      return socket;
    }),
  );
  // Those for which no descriptor is left are closed, or wait in the kernel's queue; the others' hello times out.
  await eventually(
    () => crowd.some((socket) => socket.closed),
    () => "a connection turned away",
  );
  await Promise.all(crowd.map((socket) => (socket.closed ? undefined : once(socket.destroy(), "close"))));
  // The descriptors are free once the proxy has seen the ends; until then it may turn connections away.
  const hello = helloFor("a.example");
  let answer: Buffer = Buffer.alloc(0);
  for (let attempt = 0; attempt < 100 && answer.length === 0; attempt++) {
    const client = await connectTo(port);
    client.end(hello);
    answer = await readAll(client).catch(() => Buffer.alloc(0));
    if (answer.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(answer, hello);
  assert.equal(child.exitCode, null);
});

// libuv says nothing of what it cannot accept; that there is none left for a backend is seen.
testEngine("portable", "out of descriptors for backends, the log says so once", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { port, errors } = await startSmall(t, echo.address, 70);
  const hello = helloFor("a.example");
  const crowd = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const socket = net.connect(port, LOOPBACK).on("error", () => {});
      await once(socket, "connect");
      socket.resume().write(hello);
      return socket;
    }),
  );
  await eventually(
    () => errors().includes("out of descriptors"),
    () => `a warning among ${errors()}`,
  );
  await Promise.all(crowd.map((socket) => (socket.closed ? undefined : once(socket.destroy(), "close"))));
  assert.equal(errors().split("out of descriptors").length, 2, errors());
});
