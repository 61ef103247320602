import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "./throttle.ts";

test("the first value passes at once, then only the newest of each interval", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const passed: number[] = [];
  const throttle = new Throttle<number>(200, (value) => passed.push(value));
  for (const value of [1, 2, 3]) throttle.offer(value);
  assert.deepEqual(passed, [1]);
  t.mock.timers.tick(199);
  assert.deepEqual(passed, [1]);
  t.mock.timers.tick(1);
  assert.deepEqual(passed, [1, 3]);
  throttle.offer(4);
  assert.deepEqual(passed, [1, 3]);
  t.mock.timers.tick(200);
  t.mock.timers.tick(200);
  throttle.offer(5);
  assert.deepEqual(passed, [1, 3, 4, 5]);
});

test("a discarded value and one after stop do not pass", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const passed: number[] = [];
  const throttle = new Throttle<number>(200, (value) => passed.push(value));
  throttle.offer(1);
  throttle.offer(2);
  throttle.discard();
  t.mock.timers.tick(200);
  throttle.offer(3);
  throttle.offer(4);
  throttle.stop();
  throttle.offer(5);
  t.mock.timers.tick(1_000);
  assert.deepEqual(passed, [1, 3]);
});
