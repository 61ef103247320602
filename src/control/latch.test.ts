import assert from "node:assert/strict";
import { test } from "node:test";
import { Latch } from "./latch.ts";

test("what was raised before the wait wakes it once, however often", async () => {
  const latch = new Latch();
  latch.raise();
  latch.raise();
  await latch.wait();
  let woken = false;
  const second = latch.wait().then(() => {
    woken = true;
  });
  await new Promise(setImmediate);
  assert.equal(woken, false);
  latch.raise();
  await second;
  assert.equal(woken, true);
});
