import assert from "node:assert/strict";
import { test } from "node:test";
import { getMaxRolling, parseRolloutLimit } from "./rollout-limit.ts";

test("a limit is a count or a percentage, and never 0", () => {
  assert.deepEqual(parseRolloutLimit("3"), { unit: "count", value: 3 });
  assert.deepEqual(parseRolloutLimit("10%"), { unit: "percent", value: 10 });
  for (const text of ["", "0", "0%", "101%", "-1", "1.5", "10 %", "all", "1e3"]) {
    assert.equal(parseRolloutLimit(text), undefined, text);
  }
});

test("a percentage rounds down, to at least 1", () => {
  const tenth = { unit: "percent", value: 10 } as const;
  assert.deepEqual(
    [0, 1, 9, 10, 19, 20, 105].map((count) => getMaxRolling(tenth, count)),
    [1, 1, 1, 1, 1, 2, 10],
  );
  assert.equal(getMaxRolling({ unit: "count", value: 3 }, 1), 3);
});
