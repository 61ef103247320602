import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import type net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startSimple, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, eventually, startBackend } from "../../../test/wire/sockets.ts";
import { abort } from "./socket-options.ts";

const CONNECTIONS = 400;
const hello = helloFor("a.example");

/** A small reproducible generator (mulberry32): a failure is repeated by its seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A few things that a peer may do, in any order, and one of three ends. */
async function misbehave(socket: net.Socket, random: (below: number) => number): Promise<void> {
  for (let step = random(4); step > 0 && !socket.destroyed; step--) {
    const action = random(5);
    if (action === 0) socket.write(Buffer.alloc(random(200_000)));
    else if (action === 1) socket.pause();
    else if (action === 2) socket.resume();
    else if (action === 3) await sleep(random(5));
    else socket.end(Buffer.alloc(random(50_000)));
  }
  const end = random(3);
  if (end === 0) socket.destroy();
  else if (end === 1) abort(socket);
  else {
    socket.on("end", () => socket.end()).resume();
    socket.end();
  }
}

testEngines("whatever both ends do, each connection ends once and leaves no descriptor", async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const random = randomFrom(seed);
  const server = await startBackend((socket) => void misbehave(socket, random));
  t.after(() => server.close());
  const gateway = await startSimple(t, [server.address], {
    timeOuts: { clientHelloMs: 500, idleMs: 500, halfClosedMs: 500, lingerMs: 200 },
  });
  const before = descriptors();
  const client = async () => {
    const socket = await connectTo(gateway.port);
    // One in five is cut short: a hello that is never complete.
    socket.write(random(5) === 0 ? hello.subarray(0, random(hello.length)) : hello);
    await misbehave(socket, random);
    if (!socket.destroyed) setTimeout(() => socket.destroy(), 2_000).unref();
  };
  for (let round = 0; round < CONNECTIONS / 50; round++) await Promise.all(Array.from({ length: 50 }, client));
  const lines = await gateway.connections(CONNECTIONS);
  const defects = gateway.lines.filter(({ level }) => level === "error" || level === "warn");
  assert.deepEqual(defects, []);
  assert.ok(new Set(lines.map(({ reason }) => reason)).size >= 3, "several ends occurred");
  for (const socket of server.sockets) socket.destroy();
  await eventually(
    () => descriptors() <= before + 5,
    () => `${before} descriptors before, ${descriptors()} after`,
  );
});

/** Open descriptors of this process; 0 where there is no procfs, and the test then asserts the rest only. */
function descriptors(): number {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
}
