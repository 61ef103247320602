import assert from "node:assert/strict";
import { test } from "node:test";
import { shareReading } from "./shared-reading.ts";

test("callers share a reading until it is too old, also while it is under way", async () => {
  let nowMs = 0;
  let readings = 0;
  const read = shareReading(
    async () => ++readings,
    1_000,
    () => nowMs,
  );
  assert.deepEqual(await Promise.all([read(), read(), read()]), [1, 1, 1]);
  nowMs = 999;
  assert.equal(await read(), 1);
  nowMs = 1_000;
  assert.equal(await read(), 2);
});

test("a reading that failed is tried again by the next caller", async () => {
  let readings = 0;
  const read = shareReading(
    async () => {
      if (++readings === 1) throw new Error("busy");
      return readings;
    },
    1_000,
    () => 0,
  );
  await Promise.all([assert.rejects(read(), /busy/), assert.rejects(read(), /busy/)]);
  assert.equal(await read(), 2);
});
