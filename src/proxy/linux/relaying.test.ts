import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { freePorts, LOOPBACK } from "../../../test/wire/sockets.ts";
import { DEFAULT_TIME_OUTS } from "../relay/time-outs.ts";
import { type Libc, loadLibc, type Memory } from "./libc.ts";
import { SocketListener } from "./listening-socket.ts";
import { QUANTUM_BYTES } from "./mover.ts";
import { Reactor, type ReactorOwner } from "./reactor.ts";
import { Relaying } from "./relaying.ts";
import { encodeSocketAddress, SOCKET_ADDRESS_BYTES } from "./socket-address.ts";

const loaded = loadLibc();
const skip = "problem" in loaded ? loaded.problem : false;

/** Relayed connections whose outer ends the test holds as plain descriptors, so that no timing is involved. */
class World {
  readonly libc: Libc;
  readonly reactor: Reactor;
  readonly #t: TestContext;
  readonly #listening: number;
  readonly #address: Memory;
  readonly #addressBytes: number;
  readonly #block: Memory;

  constructor(t: TestContext, libc: Libc, port: number) {
    this.libc = libc;
    this.#t = t;
    this.reactor = new Reactor({ libc, openDescriptors: new Uint8Array(4_096), pipeCap: 8, tickMs: 100 });
    const opened = new SocketListener(libc).open({ address: LOOPBACK, port }, 1);
    assert.ok("fds" in opened);
    this.#listening = opened.fds[0] ?? -1;
    t.after(() => libc.close(this.#listening));
    const encoded = encodeSocketAddress(LOOPBACK, port) ?? assert.fail("an address");
    this.#address = libc.allocate(SOCKET_ADDRESS_BYTES);
    this.#address.bytes.set(encoded);
    this.#addressBytes = encoded.length;
    this.#block = libc.allocate(65_536);
  }

  connect(): { readonly client: number; readonly backend: number; readonly from: number } {
    const [client, clientInside] = this.#pair();
    const [backend, backendInside] = this.#pair();
    const owner = new Owner();
    const take = (fd: number) => {
      const generation = this.reactor.descriptors.take(fd, owner);
      this.reactor.loop.add(fd, generation);
      return { fd, generation, watchesWriting: true };
    };
    const context = { reactor: this.reactor, timeOuts: DEFAULT_TIME_OUTS };
    owner.relaying = new Relaying(context, take(clientInside), take(backendInside));
    this.#t.after(() => {
      owner.relaying?.drop();
      for (const fd of [clientInside, backendInside]) this.reactor.descriptors.close(fd);
      for (const fd of [client, backend]) this.libc.close(fd);
    });
    return { client, backend, from: backendInside };
  }

  /** Writes until the socket accepts no more bytes. */
  fill(fd: number): void {
    while (this.libc.write(fd, this.#block, 65_536) > 0);
  }

  /** Reads until the socket is empty. Returns the number of bytes. */
  drain(fd: number): number {
    for (let sum = 0; ; ) {
      const count = this.libc.read(fd, this.#block, 65_536);
      if (count <= 0) return sum;
      sum += count;
    }
  }

  write(fd: number, length: number): void {
    assert.equal(this.libc.write(fd, this.#block, length), length);
  }

  #pair(): [outside: number, inside: number] {
    const outside = this.libc.socket(4);
    // Loopback completes the handshake before connect returns, or before accept is tried.
    this.libc.connect(outside, this.#address, this.#addressBytes);
    const inside = this.libc.accept(this.#listening, this.libc.allocate(SOCKET_ADDRESS_BYTES));
    assert.ok(inside >= 0, `accept: ${inside}`);
    return [outside, inside];
  }
}

class Owner implements ReactorOwner {
  relaying: Relaying | undefined;

  onEvent(fd: number, events: number): void {
    assert.equal(this.relaying?.onEvent(fd, events), undefined);
  }

  onTurn(fd: number): void {
    assert.equal(this.relaying?.onTurn(fd), undefined);
  }

  onDeadline(): void {}

  onDefect(error: unknown): void {
    throw error;
  }
}

test("a bulk stream is served once in each loop iteration, with one quantum, and others in the iteration of their event", {
  skip,
}, async (t) => {
  assert.ok("libc" in loaded);
  const [port = 0] = await freePorts(1);
  const world = new World(t, loaded.libc, port);
  const { mover } = world.reactor;
  const bulk = Array.from({ length: 4 }, () => world.connect());
  const other = world.connect();
  world.reactor.turn(0);

  let served: { readonly from: number; readonly bytes: number }[] = [];
  const move = mover.move.bind(mover);
  mover.move = (flow, nowMs) => {
    const before = flow.bytes;
    const moved = move(flow, nowMs);
    served.push({ from: flow.from, bytes: flow.bytes - before });
    return moved;
  };
  let total = 0;
  for (let iteration = 0; iteration < 200; iteration++) {
    // New bytes before every iteration are a new event for a stream that has not finished its last one.
    for (const { backend, client } of bulk) {
      world.fill(backend);
      total += world.drain(client);
    }
    world.write(other.backend, 100);
    served = [];
    world.reactor.turn(0);
    for (const { from } of bulk) {
      const times = served.filter((one) => one.from === from);
      assert.ok(times.length <= 1, `served ${times.length} times in iteration ${iteration}`);
      assert.ok((times[0]?.bytes ?? 0) < 3 * QUANTUM_BYTES, `${times[0]?.bytes} bytes at once`);
    }
    assert.equal(world.drain(other.client), 100, `in iteration ${iteration}`);
  }
  assert.ok(total > 200 * QUANTUM_BYTES, `${total} bytes came through`);
});
