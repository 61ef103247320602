import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKOFF, failureDelayMs, notLeaderDelayMs } from "./backoff.ts";

test("the bound doubles from 200 ms to 10 s, and jitter takes any share of it", () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => failureDelayMs(BACKOFF, failures, 1));
  assert.deepEqual(bounds, [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  assert.equal(failureDelayMs(BACKOFF, 5_000, 1), 10_000);
  assert.equal(failureDelayMs(BACKOFF, 3, 0.25), 200);
  assert.equal(failureDelayMs(BACKOFF, 3, 0), 0);
});

test("another replica is tried within 250 to 500 ms", () => {
  assert.equal(notLeaderDelayMs(BACKOFF, 0), 250);
  assert.equal(notLeaderDelayMs(BACKOFF, 0.999), 499.75);
});
