import assert from "node:assert/strict";
import { test } from "node:test";
import { MessagePace } from "./message-pace.ts";

test("a burst is read at once, then the rate holds, and a pause restores the burst and no more", () => {
  const pace = new MessagePace({ burst: 2, perSecond: 10 }, 0);
  assert.deepEqual([pace.count(0), pace.count(0), pace.count(0)], [0, 0, 100]);
  assert.equal(pace.count(100), 100);
  assert.deepEqual([pace.count(60_000), pace.count(60_000), pace.count(60_000)], [0, 0, 100]);
});
