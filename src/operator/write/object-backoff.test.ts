import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../loop/manual-clock.ts";
import { ObjectBackoff } from "./object-backoff.ts";

const basis = [{ object: 1 }, "generation 1"];

function stage(random = () => 1) {
  const clock = new ManualClock();
  return { clock, backoff: new ObjectBackoff<string>({ clock, random }) };
}

test("waits double from 1 s to 5 minutes, with full jitter", () => {
  const { backoff } = stage();
  const waits = Array.from({ length: 12 }, () => backoff.onFailed("a", basis, "quota").waitMs);
  assert.deepEqual(waits.slice(0, 3), [1_000, 2_000, 4_000]);
  assert.deepEqual(waits.slice(-2), [300_000, 300_000]);
  assert.ok(stage(() => 0).backoff.onFailed("a", basis, "quota").waitMs < 1_000);
});

test("an object waits with its last problem, and no other object does", async () => {
  const { clock, backoff } = stage();
  backoff.onFailed("a", basis, "quota");
  await clock.advance(400);
  assert.deepEqual(backoff.find("a", basis), { problem: "quota", failures: 1, waitMs: 600 });
  assert.equal(backoff.find("b", basis), undefined);
  await clock.advance(600);
  assert.equal(backoff.find("a", basis)?.waitMs, 0, "it may be tried again, and its failures still count");
  assert.equal(backoff.onFailed("a", basis, "quota").failures, 2);
});

test("another basis, a success and the end of an object reset it", () => {
  const { backoff } = stage();
  for (let i = 0; i < 5; i++) backoff.onFailed("a", basis, "quota");
  assert.equal(backoff.find("a", [{ object: 1 }, "generation 1"]), undefined, "members are compared by identity");
  assert.equal(backoff.onFailed("a", basis, "quota").failures, 1);
  backoff.reset("a");
  assert.equal(backoff.size, 0);
  backoff.onFailed("a", basis, "quota");
  backoff.onFailed("b", basis, "quota");
  backoff.retain((key) => key === "b");
  assert.deepEqual([backoff.size, backoff.find("a", basis)], [1, undefined]);
});
