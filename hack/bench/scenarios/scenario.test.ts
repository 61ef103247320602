import assert from "node:assert/strict";
import { test } from "node:test";
import { costOf, failuresOf } from "./scenario.ts";

const LATENCY = { p50: 0, p99: 0, p999: 0, max: 0 };

test("there is no cost without a proxy or without work", () => {
  assert.deepEqual(costOf(2, 4), { cpu: 0.5 });
  assert.deepEqual(costOf(undefined, 4), {});
  assert.deepEqual(costOf(2, 0), {});
});

test("a window in which nothing came through is a failure, also when nothing was seen to break", () => {
  const nothing = { seconds: 1, done: 0, bytes: 0, failures: {}, latency: LATENCY };
  assert.deepEqual(failuresOf(nothing), { "window without any work": 1 });
  assert.deepEqual(failuresOf({ ...nothing, bytes: 5 }), {});
  assert.deepEqual(failuresOf({ ...nothing, done: 5, failures: { eof: 2 } }), { eof: 2 });
});
