import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TimerWheel } from "./timer-wheel.ts";

const TICK_MS = 100;

test("an entry falls due within one tick of its deadline, never before", () => {
  const wheel = new TimerWheel(4, TICK_MS);
  const due: number[] = [];
  wheel.set(1, 250);
  wheel.advance(249, (entry) => due.push(entry));
  assert.equal(due.length, 0);
  wheel.advance(350, (entry) => due.push(entry));
  assert.deepEqual(due, [1]);
  wheel.advance(100_000, (entry) => due.push(entry));
  assert.deepEqual(due, [1], "once");
});

test("who waits for nothing is told so; who waits is told no later than he must", () => {
  const wheel = new TimerWheel(4, TICK_MS);
  assert.equal(wheel.nextMs, Number.POSITIVE_INFINITY);
  wheel.set(1, 3_600_000);
  assert.ok(wheel.nextMs <= 3_600_000);
  for (let nowMs = wheel.nextMs; nowMs < 3_600_000; nowMs = wheel.nextMs)
    wheel.advance(nowMs, () => assert.fail("early"));
  let count = 0;
  wheel.advance(wheel.nextMs, () => count++);
  assert.equal(count, 1);
  assert.equal(wheel.nextMs, Number.POSITIVE_INFINITY);
});

type Step =
  | { readonly type: "set"; readonly entry: number; readonly afterMs: number }
  | { readonly type: "cancel"; readonly entry: number }
  | { readonly type: "wait"; readonly forMs: number };

const entry = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("set" as const), entry, afterMs: fc.oneof(fc.nat(500), fc.nat(300_000)) }),
  fc.record({ type: fc.constant("cancel" as const), entry }),
  fc.record({ type: fc.constant("wait" as const), forMs: fc.oneof(fc.nat(300), fc.nat(200_000)) }),
);

test("whatever is set, moved and cancelled, exactly what is due is told, within one tick", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const wheel = new TimerWheel(10, TICK_MS);
      const deadlines = new Map<number, number>();
      let nowMs = 0;
      const advanceTo = (atMs: number) => {
        nowMs = atMs;
        wheel.advance(nowMs, (one) => {
          const deadline = deadlines.get(one);
          assert.ok(deadline !== undefined && deadline <= nowMs, `${one} at ${nowMs}, set for ${deadline}`);
          deadlines.delete(one);
        });
        for (const [one, deadline] of deadlines) assert.ok(deadline > nowMs - 2 * TICK_MS, `${one} is late`);
      };
      for (const one of steps) {
        if (one.type === "set") {
          deadlines.set(one.entry, nowMs + one.afterMs);
          wheel.set(one.entry, nowMs + one.afterMs);
        } else if (one.type === "cancel") {
          deadlines.delete(one.entry);
          wheel.cancel(one.entry);
        } else {
          // As a reactor does: never past the time that the wheel asks for by more than a tick.
          const untilMs = nowMs + one.forMs;
          while (wheel.nextMs <= untilMs) advanceTo(Math.max(wheel.nextMs, nowMs));
          advanceTo(untilMs);
        }
      }
      while (wheel.nextMs !== Number.POSITIVE_INFINITY) advanceTo(Math.max(wheel.nextMs, nowMs));
      assert.equal(deadlines.size, 0, "everything falls due at last");
    }),
    { numRuns: 500 },
  );
});

test("a thread that slept for longer than the wheel is round misses nothing", () => {
  const wheel = new TimerWheel(2_000, 1);
  for (let one = 0; one < 2_000; one++) wheel.set(one, one * 3);
  const due = new Set<number>();
  wheel.advance(10_000, (one) => due.add(one));
  wheel.advance(10_001, (one) => due.add(one));
  for (let nowMs = 10_001; wheel.nextMs !== Number.POSITIVE_INFINITY; nowMs++)
    wheel.advance(nowMs, (one) => due.add(one));
  assert.equal(due.size, 2_000);
});

test("a thread that has lived for longer than 31 bits of ticks still meets its deadlines", () => {
  const wheel = new TimerWheel(1, TICK_MS);
  const startMs = 2 ** 31 * TICK_MS;
  wheel.advance(startMs, () => assert.fail("nothing is set"));
  let dueAtMs = 0;
  wheel.set(0, startMs + 250);
  wheel.set(0, startMs + 500_000);
  for (let turn = 0; dueAtMs === 0; turn++) {
    assert.ok(turn < 100, "it falls due");
    const nowMs = wheel.nextMs;
    wheel.advance(nowMs, () => {
      dueAtMs = nowMs;
    });
  }
  assert.ok(dueAtMs >= startMs + 500_000 && dueAtMs <= startMs + 500_000 + TICK_MS, String(dueAtMs - startMs));
});

test("what falls due may set itself again, and cancel others", () => {
  const wheel = new TimerWheel(3, TICK_MS);
  const due: number[] = [];
  wheel.set(0, 100);
  wheel.set(1, 100);
  wheel.advance(200, (one) => {
    due.push(one);
    wheel.cancel(1 - one);
    wheel.set(one, 400);
  });
  assert.equal(due.length, 1);
  wheel.advance(500, (one) => due.push(one));
  assert.equal(due.length, 2);
  assert.equal(due[0], due[1]);
});
