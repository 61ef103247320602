import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { EAGAIN, EPIPE } from "./errno.ts";
import { EPOLL_CTL_ADD, type Libc, loadLibc, type Memory, wordsOf } from "./libc.ts";

const loaded = loadLibc();
const skip = "problem" in loaded ? loaded.problem : false;
const withLibc = (name: string, run: (libc: Libc) => void) =>
  test(name, { skip }, () => {
    assert.ok("libc" in loaded);
    run(loaded.libc);
  });

/** The ends of a new pipe. */
function pipe(libc: Libc): { readonly readEnd: number; readonly writeEnd: number } {
  const ends = libc.allocate(8);
  assert.equal(libc.pipe(ends), 0);
  const [readEnd = -1, writeEnd = -1] = wordsOf(ends);
  return { readEnd, writeEnd };
}

interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly rights: string;
}

function mappings(): Mapping[] {
  return readFileSync("/proc/self/maps", "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const [, start, end, rights = ""] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
      return { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), rights };
    });
}

withLibc("bytes go through a pipe, and an empty or closed one answers a negative errno", (libc) => {
  const { readEnd, writeEnd } = pipe(libc);
  const block = libc.allocate(16);
  assert.equal(libc.read(readEnd, block, 16), -EAGAIN);
  block.bytes.set(Buffer.from("through the pipe"));
  assert.equal(libc.write(writeEnd, block, 16), 16);
  block.bytes.fill(0);
  assert.equal(libc.read(readEnd, block, 7), 7);
  assert.equal(Buffer.from(block.bytes).toString("latin1"), "through\0\0\0\0\0\0\0\0\0");
  libc.close(readEnd);
  assert.equal(libc.write(writeEnd, block, 1), -EPIPE);
  libc.close(writeEnd);
});

withLibc("no length beyond the block reaches the kernel", (libc) => {
  const { readEnd, writeEnd } = pipe(libc);
  const block = libc.allocate(16);
  const calls: (() => number)[] = [
    () => libc.read(readEnd, block, 17),
    () => libc.read(readEnd, block, -1),
    () => libc.write(writeEnd, block, 17),
    () => libc.bind(readEnd, block, 17),
    () => libc.connect(readEnd, block, 17),
    () => libc.epollWait(readEnd, block, 2, 0),
    () => libc.epollControl(readEnd, EPOLL_CTL_ADD, writeEnd, libc.allocate(8)),
  ];
  for (const call of calls) assert.throws(call, RangeError);
  for (const length of [0, -8, 12, 8.5]) assert.throws(() => libc.allocate(length), RangeError);
  for (const fd of [readEnd, writeEnd]) libc.close(fd);
});

withLibc("a block ends where a page begins that nothing may touch, and there is one before it", (libc) => {
  const before = new Set(mappings().map(({ start }) => start));
  const block = libc.allocate(16_384);
  const after = mappings();
  // What is new and may be read and written lies between what may not.
  const found = after.findIndex(
    ({ start, end, rights }, index) =>
      rights === "rw-p" &&
      end - start >= 16_384n &&
      !before.has(start) &&
      after[index - 1]?.rights === "---p" &&
      after[index - 1]?.end === start &&
      after[index + 1]?.rights === "---p" &&
      after[index + 1]?.start === end,
  );
  assert.notEqual(
    found,
    -1,
    after.map(({ start, end, rights }) => `${start.toString(16)}-${end.toString(16)} ${rights}`).join("\n"),
  );
  block.bytes[0] = 1;
  block.bytes[16_383] = 2;
});

withLibc("what the kernel writes into a block stays within it", (libc) => {
  const { readEnd, writeEnd } = pipe(libc);
  const [one, two]: Memory[] = [libc.allocate(8), libc.allocate(4_096)];
  assert.ok(one !== undefined && two !== undefined);
  two.bytes.fill(0xaa);
  assert.equal(libc.write(writeEnd, two, 4_096), 4_096);
  two.bytes.fill(0x55);
  assert.equal(libc.read(readEnd, one, 8), 8);
  assert.deepEqual([...one.bytes], new Array<number>(8).fill(0xaa));
  assert.ok(two.bytes.every((byte) => byte === 0x55));
  for (const fd of [readEnd, writeEnd]) libc.close(fd);
});

/** What no length may be, and what some may. */
const length = fc.oneof(
  fc.integer({ min: -32, max: 96 }),
  fc.double(),
  fc.integer({ min: 2 ** 31 - 2, max: 2 ** 53 - 1 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0.5, 63.5, 2 ** 32, 2 ** 32 + 8, -(2 ** 31)),
);

withLibc("whatever length is asked for, it is refused or the kernel stays within the block", (libc) => {
  const { readEnd, writeEnd } = pipe(libc);
  const block = libc.allocate(64);
  const neighbour = libc.allocate(64);
  const full = libc.allocate(128);
  full.bytes.fill(0xff);
  const calls: Readonly<Record<string, (length: number) => number>> = {
    read: (count) => libc.read(readEnd, block, count),
    write: (count) => libc.write(writeEnd, block, count),
    bind: (count) => libc.bind(readEnd, block, count),
    connect: (count) => libc.connect(readEnd, block, count),
  };
  const property = (name: string, drawn: number) => {
    // Zero has one sign here; with the other node:ffi refuses it by itself.
    const count = drawn + 0;
    libc.write(writeEnd, full, 128);
    block.bytes.fill(0);
    const call = calls[name];
    assert.ok(call !== undefined);
    const isPossible = Number.isInteger(count) && count >= 0 && count <= 64;
    if (isPossible) call(count);
    else assert.throws(() => call(count), RangeError);
    const touched = name === "read" && isPossible ? count : 0;
    assert.ok(
      block.bytes.subarray(touched).every((byte) => byte === 0),
      "not a byte behind what was asked for",
    );
    assert.ok(neighbour.bytes.every((byte) => byte === 0));
    while (libc.read(readEnd, full, 128) > 0);
    full.bytes.fill(0xff);
  };
  fc.assert(fc.property(fc.constantFrom(...Object.keys(calls)), length, property), { numRuns: 2_000 });
  for (const fd of [readEnd, writeEnd]) libc.close(fd);
});

test("who reaches behind a block, by a fault in libc.ts itself, dies at once", { skip }, () => {
  const reach = (where: string) => {
    const program = `
      import { getUint8 } from "node:ffi";
      import { loadLibc } from ${JSON.stringify(join(import.meta.dirname, "libc.ts"))};
      const { pointer } = loadLibc().libc.allocate(64);
      console.log(getUint8(pointer, 63));
      getUint8(${where});
      console.log("lived on");
    `;
    const args = ["--input-type=module", "--eval", program];
    const { signal, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { signal, stdout };
  };
  for (const where of ["pointer, 64", "pointer + 64n - 4096n - 1n"]) {
    assert.deepEqual(reach(where), { signal: "SIGSEGV", stdout: "0\n" });
  }
});

test("what was freed between blocks that are kept is given back to the kernel", { skip }, () => {
  const program = `
    import { loadLibc } from ${JSON.stringify(join(import.meta.dirname, "libc.ts"))};
    const { libc } = loadLibc();
    const blocks = Array.from({ length: 1_000 }, () => Buffer.allocUnsafeSlow(64 * 1024).fill(1));
    for (let i = 0; i < blocks.length; i++) if (i % 10 !== 0) blocks[i] = undefined;
    for (let i = 0; i < 3; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const before = process.memoryUsage.rss();
    libc.trimHeap();
    console.log((before - process.memoryUsage.rss()) / 2 ** 20, blocks.every((block) => block?.every((byte) => byte === 1) ?? true));
  `;
  const args = ["--expose-gc", "--input-type=module", "--eval", program];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const [givenBackMib, isKept] = stdout.trim().split(" ");
  assert.ok(Number(givenBackMib) > 30, `${givenBackMib} MiB of 56`);
  assert.equal(isKept, "true");
});

test("no other module of the product reaches for node:ffi", () => {
  const root = join(import.meta.dirname, "../..");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) =>
    /(?<!\.test)\.ts$/.test(path),
  );
  assert.ok(files.length > 100, "the sources are found");
  const users = files.filter((path) => readFileSync(join(root, path), "utf8").includes('"node:ffi"'));
  assert.deepEqual(users, ["proxy/linux/libc.ts"]);
});
