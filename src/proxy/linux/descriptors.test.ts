import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Descriptors, lendDescriptor, openDescriptors } from "./descriptors.ts";

const CAPACITY = 8;

test("closing what is not open here throws, and closes nothing", () => {
  const closed: number[] = [];
  const table = new Descriptors<string>(new Uint8Array(CAPACITY), (fd) => closed.push(fd));
  assert.throws(() => table.close(3));
  table.take(3, "owner");
  table.close(3);
  assert.throws(() => table.close(3));
  assert.deepEqual(closed, [3]);
});

test("a number is taken once at a time, and only if there is room for it", () => {
  const table = new Descriptors<string>(new Uint8Array(CAPACITY), () => {});
  table.take(3, "owner");
  assert.throws(() => table.take(3, "another"));
  assert.equal(table.fits(CAPACITY), false);
  assert.throws(() => table.take(CAPACITY, "owner"));
});

test("what is lent is told as open before it is taken, is taken once, and is closed like any other", () => {
  const open = new Uint8Array(CAPACITY);
  const table = new Descriptors<string>(open, () => {});
  lendDescriptor(open, 3);
  assert.deepEqual(openDescriptors(open), [3]);
  assert.throws(() => table.close(3), "it is not this thread's yet");
  table.take(3, "owner");
  assert.throws(() => table.take(3, "another"));
  assert.deepEqual(openDescriptors(open), [3]);
  table.close(3);
  assert.deepEqual(openDescriptors(open), []);
});

type Step =
  | { readonly type: "open" }
  | { readonly type: "close"; readonly which: number }
  /** An event of any use there ever was. */
  | { readonly type: "event"; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("open" as const) }),
  fc.record({ type: fc.constant("close" as const), which: fc.nat(1_000) }),
  fc.record({ type: fc.constant("event" as const), which: fc.nat(1_000) }),
);

interface Use {
  readonly fd: number;
  readonly generation: number;
  isOpen: boolean;
}

function run(steps: readonly Step[]): void {
  const open = new Uint8Array(CAPACITY);
  const table = new Descriptors<number>(open, () => {});
  const uses: Use[] = [];
  const take = () => {
    // As the kernel does: the lowest number that is free.
    const fd = open.indexOf(0);
    if (fd !== -1) uses.push({ fd, generation: table.take(fd, uses.length), isOpen: true });
  };
  const close = (use: Use) => {
    if (use.isOpen) table.close(use.fd);
    use.isOpen = false;
  };
  for (const one of steps) {
    if (one.type === "open") {
      take();
      continue;
    }
    const index = one.which % Math.max(uses.length, 1);
    const use = uses[index];
    if (use === undefined) continue;
    if (one.type === "close") close(use);
    else assert.equal(table.owner(use.fd, use.generation), use.isOpen ? index : undefined);
  }
  const expected = uses.filter(({ isOpen }) => isOpen).map(({ fd }) => fd);
  assert.deepEqual(openDescriptors(open), expected.sort());
}

test("however numbers are used again, a late event finds its own owner or nobody", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), run));
});
