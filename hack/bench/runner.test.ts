import assert from "node:assert/strict";
import { test } from "node:test";
import { groupsOf, rotated } from "./runner.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";

test("each round begins with another contender, and leaves none out", () => {
  const rounds = [0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round).join(""));
  assert.deepEqual(rounds, ["abc", "bca", "cab", "abc"]);
  assert.deepEqual(rotated([], 3), []);
});

test("scenarios share running contenders when they ask for the same routes and need no fresh process", () => {
  const groups = groupsOf(SCENARIOS).map((group) => group.map(({ id }) => id).join(" "));
  assert.deepEqual(groups, [
    "connections handshakes down-1 down-8 down-64 up-1 up-8 up-64 round-trips fairness",
    "idle",
    "routes-1",
    "routes-1000",
    "routes-10000",
    "routes-100000 routes-100000-known",
    "change-1000",
    "change-100000",
    "start-100000",
  ]);
});
