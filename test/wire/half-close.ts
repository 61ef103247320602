/** How an end is passed on while the other direction goes on: the same between sockets of TCP and of TLS. */
import assert from "node:assert/strict";
import type net from "node:net";
import { readAll, readSome } from "./sockets.ts";

/** Both ends of one connection through a gateway. */
interface Pair {
  readonly client: net.Socket;
  readonly backend: net.Socket;
}

export async function endByClientFirst({ client, backend }: Pair): Promise<void> {
  client.end("last words");
  assert.equal(String(await readAll(backend)), "last words");
  backend.write("long ");
  assert.equal(String(await readSome(client, 5)), "long ");
  backend.end("answer");
  assert.equal(String(await readAll(client)), "answer");
}

export async function endByBackendFirst({ client, backend }: Pair): Promise<void> {
  backend.end("bye");
  assert.equal(String(await readAll(client)), "bye");
  client.write("more ");
  assert.equal(String(await readSome(backend, 5)), "more ");
  client.end("still");
  assert.equal(String(await readAll(backend)), "still");
}
