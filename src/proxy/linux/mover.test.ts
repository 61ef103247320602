import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { EPIPE } from "./errno.ts";
import { Flow } from "./flow.ts";
import { type Libc, loadLibc, type Memory, wordsOf } from "./libc.ts";
import { COPY_BYTES } from "./mover.ts";
import { Reactor } from "./reactor.ts";

const loaded = loadLibc();
const skip = "problem" in loaded ? loaded.problem : false;

/** A flow between two pipes: as descriptors they do what sockets do, and the kernel's part is real. */
class Bench {
  readonly libc: Libc;
  readonly reactor: Reactor;
  readonly flow: Flow;
  readonly #source: { readEnd: number; writeEnd: number };
  readonly #sink: { readEnd: number; writeEnd: number };
  readonly #block: Memory;

  constructor(pipeCap: number) {
    assert.ok("libc" in loaded);
    this.libc = loaded.libc;
    this.reactor = new Reactor({ libc: this.libc, openDescriptors: new Uint8Array(4_096), pipeCap, tickMs: 100 });
    this.#source = this.#pipe();
    this.#sink = this.#pipe();
    this.flow = new Flow(this.#source.readEnd, this.#sink.writeEnd);
    this.#block = this.libc.allocate(65_536);
  }

  /** As many of these as the source takes. */
  feed(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, 65_536);
    this.#block.bytes.set(bytes.subarray(0, count));
    const written = this.libc.write(this.#source.writeEnd, this.#block, count);
    this.flow.readable = true;
    return Math.max(written, 0);
  }

  /** What has come out, at most `most`. */
  drain(most: number): Buffer {
    const count = this.libc.read(this.#sink.readEnd, this.#block, Math.min(most, 65_536));
    return Buffer.from(this.#block.bytes.subarray(0, Math.max(count, 0)));
  }

  move() {
    return this.reactor.mover.move(this.flow, 0);
  }

  endSource(): void {
    this.libc.close(this.#source.writeEnd);
    this.flow.readable = true;
    this.flow.readsStopShort = true;
  }

  closeSink(): void {
    this.libc.close(this.#sink.readEnd);
  }

  close(): void {
    this.reactor.mover.drop(this.flow);
    for (const fd of [this.#source.readEnd, this.#sink.writeEnd]) this.libc.close(fd);
  }

  #pipe() {
    const ends = this.libc.allocate(8);
    assert.equal(this.libc.pipe(ends), 0);
    const [readEnd = -1, writeEnd = -1] = wordsOf(ends);
    return { readEnd, writeEnd };
  }
}

for (const pipeCap of [0, 4]) {
  const how = pipeCap === 0 ? "copied, without a pipe to be had" : "spliced";
  test(`3 MB in uneven portions, ${how}, arrive in order, with their end`, { skip }, () => {
    const bench = new Bench(pipeCap);
    const all = randomBytes(3_000_000);
    const out: Buffer[] = [];
    let fed = 0;
    let received = 0;
    let sawBlocked = false;
    for (let turn = 0; received < all.length; turn++) {
      assert.ok(turn < 100_000, "it goes on");
      if (fed < all.length) fed += bench.feed(all.subarray(fed, fed + 1 + ((turn * 7_919) % 60_000)));
      const moved = bench.move();
      assert.ok(moved === "waits" || moved === "more", moved);
      sawBlocked ||= bench.flow.blocked;
      const portion = bench.drain(1 + ((turn * 104_729) % 40_000));
      received += portion.length;
      out.push(portion);
    }
    assert.ok(sawBlocked, "the sink held it up");
    assert.equal(Buffer.concat(out).equals(all), true);
    bench.endSource();
    assert.equal(bench.move(), "ended");
    assert.equal(bench.flow.bytes, all.length);
    assert.equal(bench.reactor.pipes.count > 0, pipeCap > 0);
    bench.closeSink();
    bench.close();
  });
}

test("the end comes behind the bytes that wait", { skip }, () => {
  const bench = new Bench(0);
  // Fills the sink, which is a pipe of 64 KiB, and what a flow holds.
  while (!bench.flow.blocked) {
    bench.feed(Buffer.alloc(COPY_BYTES, 1));
    bench.move();
  }
  bench.endSource();
  assert.equal(bench.move(), "waits");
  let received = 0;
  for (let turn = 0; turn < 100 && received < bench.flow.bytes; turn++) {
    received += bench.drain(65_536).length;
    bench.move();
  }
  assert.equal(received, bench.flow.bytes);
  assert.equal(bench.move(), "ended");
  bench.closeSink();
  bench.close();
});

test("a sink that is gone: to_broke, with its errno", { skip }, () => {
  const bench = new Bench(0);
  bench.closeSink();
  bench.feed(Buffer.from("x"));
  assert.equal(bench.move(), "to_broke");
  assert.equal(bench.reactor.mover.errno, EPIPE);
  bench.close();
});

test("a pipe that holds bytes of a connection is never given to another", { skip }, () => {
  const bench = new Bench(1);
  for (let turn = 0; bench.flow.inPipe === 0; turn++) {
    bench.flow.isLong = true;
    assert.ok(turn < 1_000, "the pipe fills");
    bench.feed(Buffer.alloc(65_536, 1));
    bench.move();
  }
  const { pipe } = bench.flow;
  assert.notEqual(pipe, undefined);
  assert.equal(bench.reactor.pipes.take(0), undefined, "the cap");
  bench.reactor.mover.drop(bench.flow);
  assert.equal(bench.reactor.pipes.count, 0, "it is destroyed");
  const next = bench.reactor.pipes.take(0);
  assert.ok(next !== undefined);
  const block = bench.libc.allocate(8);
  assert.ok(bench.libc.read(next.readEnd, block, 8) < 0, "the next one is empty");
  bench.reactor.pipes.giveBack(next, 0);
  assert.equal(bench.reactor.pipes.releaseIdle(), true);
  bench.closeSink();
  bench.close();
});

test("a lower cap destroys idle pipes at once, and those in use when they are given back", { skip }, () => {
  const { pipes } = new Bench(2).reactor;
  const [one, other] = [pipes.take(0), pipes.take(0)];
  assert.ok(one !== undefined && other !== undefined);
  pipes.setCap(1);
  assert.equal(pipes.count, 2, "both are in use");
  pipes.giveBack(one, 0);
  assert.equal(pipes.count, 1);
  pipes.giveBack(other, 0);
  assert.equal(pipes.count, 1);
  pipes.setCap(0);
  assert.equal(pipes.count, 0);
  assert.equal(pipes.take(0), undefined);
});
