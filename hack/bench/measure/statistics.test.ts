import assert from "node:assert/strict";
import { test } from "node:test";
import { ratio, summarise } from "./statistics.ts";

test("the median of an odd number of samples is the middle one, whatever their order", () => {
  assert.deepEqual(summarise([9, 1, 10]), { median: 9, min: 1, max: 10, samples: 3 });
});

test("the median of an even number of samples lies between the two in the middle", () => {
  assert.deepEqual(summarise([4, 1, 2, 100]), { median: 3, min: 1, max: 100, samples: 4 });
});

test("one sample is its own summary, and no sample has none", () => {
  assert.deepEqual(summarise([7]), { median: 7, min: 7, max: 7, samples: 1 });
  assert.equal(summarise([]), undefined);
});

test("numbers are ordered as numbers", () => {
  assert.equal(summarise([10, 9, 100])?.median, 10);
});

test("there is no ratio to nothing", () => {
  assert.equal(ratio(3, 2), 1.5);
  assert.equal(ratio(3, 0), undefined);
  assert.equal(ratio(3, undefined), undefined);
  assert.equal(ratio(undefined, 2), undefined);
});
