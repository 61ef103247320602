import assert from "node:assert/strict";
import { test } from "node:test";
import { inSlices, SLICE_MS, slice } from "./slices.ts";

/** Each step takes so long by `clock`. */
function* work(clock: { nowMs: number }, steps: number, stepMs: number): Generator<void, string> {
  for (let done = 0; done < steps; done++) {
    clock.nowMs += stepMs;
    yield;
  }
  return "done";
}

test("what takes long lets others on, again and again, and comes to its end", async () => {
  const clock = { nowMs: 0 };
  let [turns, lastMs, longestMs] = [0, 0, 0];
  const look = () => {
    longestMs = Math.max(longestMs, clock.nowMs - lastMs);
    lastMs = clock.nowMs;
    turns++;
    immediate = setImmediate(look);
  };
  let immediate = setImmediate(look);
  assert.equal(await inSlices(work(clock, 1_000, SLICE_MS / 20), () => clock.nowMs), "done");
  clearImmediate(immediate);
  assert.ok(turns >= 25, `${turns} turns of others`);
  assert.ok(longestMs < 2 * SLICE_MS, `${longestMs} ms without a turn of others`);
});

test("what is short is done within the turn", () => {
  const clock = { nowMs: 0 };
  assert.deepEqual(
    slice(work(clock, 10, 0.01), () => clock.nowMs, SLICE_MS),
    { value: "done" },
  );
});

test("a throw is the work's own", async () => {
  // biome-ignore lint/correctness/useYield: it fails before its first step
  function* broken(): Generator<void, never> {
    throw new Error("broken");
  }
  await assert.rejects(
    inSlices(broken(), () => 0),
    /broken/,
  );
});
