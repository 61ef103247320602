import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { startSimple, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, readSome, startBackend } from "../../../test/wire/sockets.ts";
import { ReadBuffer, ReadBuffers } from "./read-buffer.ts";

/** What Node does with the options of a socket: asks for memory, fills it, tells of it, asks again. */
function reader(buffers: ReadBuffers, onRead: (bytes: Buffer) => void) {
  const buffer = new ReadBuffer(buffers, onRead);
  const { options } = buffer;
  assert.ok(typeof options.buffer === "function");
  const next = options.buffer;
  let memory = next();
  const read = (length: number, filler: number) => {
    const count = Math.min(length, memory.length);
    memory.fill(filler, 0, count);
    options.callback(count, memory);
    memory = next();
    return count;
  };
  return { buffer, read };
}

const isFilled = (bytes: Buffer, filler: number) => bytes.equals(Buffer.alloc(bytes.length, filler));

test("what is still to be written is overwritten by no socket's reads, and every read is told as it was", () => {
  const step = fc.record({
    socket: fc.nat(3),
    length: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 8_000, max: 40_000 })),
    isHeldUp: fc.boolean(),
    closes: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffers = new ReadBuffers();
      const kept: { readonly bytes: Buffer; readonly filler: number }[] = [];
      let told: Buffer = Buffer.alloc(0);
      let isHeldUp = false;
      let filler = 0;
      const open = () => {
        const opened = reader(buffers, (bytes) => {
          told = bytes;
          assert.ok(isFilled(bytes, filler));
          if (isHeldUp) opened.buffer.keep();
        });
        return opened;
      };
      const sockets = Array.from({ length: 4 }, open);
      for (const [index, each] of steps.entries()) {
        filler = index % 251;
        isHeldUp = each.isHeldUp;
        const count = sockets[each.socket]!.read(each.length, filler);
        assert.equal(told.length, count);
        if (isHeldUp) kept.push({ bytes: told, filler });
        if (each.closes) {
          sockets[each.socket]!.buffer.release();
          sockets[each.socket] = open();
        }
        for (const { bytes, filler } of kept) assert.ok(isFilled(bytes, filler), `bytes ${filler} were overwritten`);
      }
    }),
    { numRuns: 200 },
  );
});

const STREAM_BYTES = 1_000_000;

/** Bytes that say whose they are and where they stand. */
function patternOf(id: number): Buffer {
  const bytes = Buffer.alloc(STREAM_BYTES);
  for (let at = 0; at < STREAM_BYTES; at++) bytes[at] = at * 31 + id * 97 + (at >> 8);
  return bytes;
}

const CHUNK_LENGTHS = [7, 1_000, 9_000, 70_000, 300, 33_000];

testEngines("many streams at once, some of them slow: each gets its own bytes", async (t) => {
  const backend = await startBackend((socket) => void sendPattern(socket));
  t.after(() => backend.close());
  const { port } = await startSimple(t, [backend.address]);
  await Promise.all(Array.from({ length: 12 }, (_, id) => receivePattern(port, id)));
});

const hello = helloFor("a.example");

async function sendPattern(socket: net.Socket): Promise<void> {
  socket.on("error", () => {});
  const id = (await readSome(socket, hello.length + 1)).at(-1) ?? 0;
  const pattern = patternOf(id);
  for (let sent = 0, turn = id; sent < STREAM_BYTES; turn++) {
    const length = Math.min(CHUNK_LENGTHS[turn % CHUNK_LENGTHS.length] ?? 1, STREAM_BYTES - sent);
    const isRoom = socket.write(pattern.subarray(sent, sent + length));
    sent += length;
    if (!isRoom) await once(socket, "drain");
  }
  socket.end();
}

async function receivePattern(port: number, id: number): Promise<void> {
  const client = await connectTo(port);
  client.write(hello);
  client.write(Buffer.of(id));
  const pattern = patternOf(id);
  let received = 0;
  for await (const chunk of client as AsyncIterable<Buffer>) {
    assert.ok(chunk.equals(pattern.subarray(received, received + chunk.length)), `stream ${id} at ${received}`);
    received += chunk.length;
    // Every other one is slower than its backend.
    if (id % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal(received, STREAM_BYTES);
}
