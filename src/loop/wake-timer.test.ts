import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "./manual-clock.ts";
import { WakeTimer } from "./wake-timer.ts";

function stage() {
  const clock = new ManualClock();
  const calls: number[] = [];
  const timer = new WakeTimer(clock, () => calls.push(clock.nowMs()));
  return { clock, calls, timer };
}

test("of several times the earliest is kept, and there is one timer", async () => {
  const { clock, calls, timer } = stage();
  for (const inMs of [500, 300, 900, 300]) timer.schedule(inMs);
  assert.deepEqual(clock.remainingMs, [300]);
  await clock.advance(1_000);
  assert.deepEqual(calls, [300]);
  timer.schedule(0);
  await clock.advance(0);
  assert.deepEqual(calls, [300, 1_000]);
});

test("what is cancelled is not called", async () => {
  const { clock, calls, timer } = stage();
  timer.schedule(100);
  timer.cancel();
  await clock.advance(1_000);
  assert.deepEqual(calls, []);
});
