import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { type TestContext, test } from "node:test";
import { connectTo, startBackend } from "../../../test/wire/sockets.ts";
import { abort } from "./socket-options.ts";

async function pair(t: TestContext): Promise<{ near: net.Socket; far: net.Socket }> {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = await startBackend((socket) => accepted.resolve(socket));
  t.after(() => server.close());
  return { near: await connectTo(server.port), far: await accepted.promise };
}

const resetOf = async (socket: net.Socket) => ((await once(socket.resume(), "error"))[0] as NodeJS.ErrnoException).code;

test("an open socket is reset", async (t) => {
  const { near, far } = await pair(t);
  const seen = resetOf(far);
  abort(near);
  assert.equal(await seen, "ECONNRESET");
});

test("a socket that has ended with bytes still to send is reset", async (t) => {
  const { near, far } = await pair(t);
  far.pause();
  near.end(Buffer.alloc(20_000_000));
  await once(far, "readable");
  abort(near);
  assert.equal(await resetOf(far), "ECONNRESET");
});

test("a socket whose shutdown is under way is closed, and its descriptor with it", async (t) => {
  const { near } = await pair(t);
  const closed = once(near, "close");
  near.end();
  abort(near);
  await closed;
  assert.equal(near.errored, null);
});

test("a socket that is gone is left alone", async (t) => {
  const { near } = await pair(t);
  near.destroy();
  abort(near);
  await once(near, "close");
});
