import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { allocateSourceCounts, clearSourceCounts, SourceCounts, UNCOUNTED } from "./source-counts.ts";

test("counts equal those of a map for any sequence of events of a few sources in two threads", () => {
  const steps = fc.array(
    fc.record({ part: fc.nat(1), hash: fc.constantFrom(1, 0x10001, 0x20001, 2), action: fc.nat(2) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (steps) => {
      const memory = allocateSourceCounts(2);
      const tables = [0, 1].map((part) => new SourceCounts(memory, part));
      const open: { part: number; hash: number; slot: number; isRouted: boolean }[] = [];
      for (const { part, hash, action } of steps) {
        const table = tables[part] ?? assert.fail();
        const found = open.findIndex(
          (one) => one.part === part && one.hash === hash && !(one.isRouted && action === 1),
        );
        const one = open[found];
        if (action === 0) open.push({ part, hash, slot: table.add(hash), isRouted: false });
        else if (one !== undefined) {
          if (!one.isRouted) table.onRouted(one.slot);
          one.isRouted = true;
          if (action === 2) {
            table.remove(one.slot);
            open.splice(found, 1);
          }
        }
        for (const other of [1, 0x10001, 0x20001, 2]) {
          const held = open.filter((one) => one.hash === other);
          const unrouted = held.filter(({ isRouted }) => !isRouted).length;
          assert.deepEqual(tables[0]?.getTotals(other), { connections: held.length, unrouted });
        }
      }
    }),
  );
});

test("a full bucket counts no ninth source, and one that is free again does", () => {
  const counts = new SourceCounts(allocateSourceCounts(1), 0);
  const hashes = Array.from({ length: 9 }, (_, index) => (index + 1) << 16);
  const slots = hashes.map((hash) => counts.add(hash));
  assert.equal(slots.indexOf(UNCOUNTED), 8);
  counts.onRouted(UNCOUNTED);
  counts.remove(UNCOUNTED);
  counts.onRouted(slots[0] ?? assert.fail());
  counts.remove(slots[0] ?? assert.fail());
  assert.notEqual(counts.add(hashes[8] ?? assert.fail()), UNCOUNTED);
});

test("no source is counted beyond what a slot holds", () => {
  const counts = new SourceCounts(allocateSourceCounts(1), 0);
  let slot = 0;
  for (let count = 0; count <= 0xffff; count++) slot = counts.add(7);
  assert.equal(slot, UNCOUNTED);
  assert.equal(counts.getTotals(7).connections, 0xffff);
});

test("the table of a thread that exited is cleared, and others stay", () => {
  const memory = allocateSourceCounts(2);
  const [one, other] = [0, 1].map((part) => new SourceCounts(memory, part));
  one?.add(5);
  other?.add(5);
  clearSourceCounts(memory, 1);
  assert.deepEqual(one?.getTotals(5), { connections: 1, unrouted: 1 });
});

test("threads that count at once lose nothing", async () => {
  const memory = allocateSourceCounts(4);
  const url = new URL("./source-counts.ts", import.meta.url).href;
  const program = `
    const { workerData } = require("node:worker_threads");
    import(${JSON.stringify(url)}).then(({ SourceCounts }) => {
      const counts = new SourceCounts(workerData.memory, workerData.part);
      for (let turn = 0; turn < 50_000; turn++) {
        const hash = turn % 97;
        const slot = counts.add(hash);
        counts.getTotals(hash);
        counts.onRouted(slot);
        if (turn % 2 === 1) counts.remove(slot);
      }
    });
  `;
  const workers = [0, 1, 2, 3].map((part) => new Worker(program, { eval: true, workerData: { memory, part } }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))));
  const counts = new SourceCounts(memory, 0);
  let connections = 0;
  for (let hash = 0; hash < 97; hash++) connections += counts.getTotals(hash).connections;
  assert.equal(connections, 4 * 25_000);
});
