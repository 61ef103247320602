import assert from "node:assert/strict";
import { test } from "node:test";
import { rowOf } from "./rows.ts";

const ms = (samples: readonly number[]) => ({ metric: "m", unit: "ms", samples });

test("quantiles are values that were measured", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  const { median, p99, min, max, samples } = rowOf("s", ms(hundred));
  assert.deepEqual([median, p99, min, max, samples], [50, 99, 1, 100, 100]);
  assert.equal(rowOf("s", ms([7])).p99, 7);
});

test("a goal is told with the row, and whether it was missed", () => {
  const goals = [
    { of: "median", atMost: 20 },
    { of: "p99", atMost: 100 },
  ] as const;
  const { goal, missed } = rowOf("s", { ...ms([10, 20, 30]), goals });
  assert.equal(goal, "median ≤ 20, p99 ≤ 100");
  assert.equal(missed, false);
  assert.equal(rowOf("s", { ...ms([10, 20, 101]), goals }).missed, true);
  assert.equal(rowOf("s", ms([1])).missed, undefined);
});

test("what was not measured has no row", () => {
  assert.throws(() => rowOf("s", ms([])), /s\.m has no samples/);
});
