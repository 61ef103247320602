import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, settle } from "./manual-clock.ts";
import { type PassResult, ReconcileLoop } from "./reconcile-loop.ts";
import { SILENT } from "./silent-log.ts";

interface Pass {
  readonly signal: AbortSignal;
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

/** A loop whose passes wait for the test to end them. */
function setUp(options: { retryAfterMs?: (error: unknown) => number | undefined } = {}) {
  const clock = new ManualClock();
  const passes: Pass[] = [];
  const results: PassResult[] = [];
  const state = { active: true };
  const loop = new ReconcileLoop({
    pass: (signal) =>
      new Promise<void>((succeed, fail) => {
        passes.push({ signal, succeed, fail });
        signal.addEventListener("abort", () => fail(signal.reason));
      }),
    active: () => state.active,
    clock,
    random: () => 0.999_999,
    log: SILENT,
    onPass: (result) => results.push(result),
    ...options,
  });
  return { clock, passes, results, state, loop };
}

test("a kick when idle runs a pass without any wait", async () => {
  const { loop, passes, results } = setUp();
  loop.kick();
  assert.equal(passes.length, 0, "never within the call");
  await settle();
  assert.equal(passes.length, 1);
  passes[0]?.succeed();
  await settle();
  assert.deepEqual(results, [{ outcome: "succeeded", durationMs: 0 }]);
  assert.equal(passes.length, 1);
});

test("kicks of one turn are one pass; any number during a pass make one more", async () => {
  const { loop, passes } = setUp();
  for (let i = 0; i < 100; i++) loop.kick();
  await settle();
  assert.equal(passes.length, 1);
  for (let i = 0; i < 100; i++) loop.kick();
  await settle();
  assert.equal(passes.length, 1, "single flight");
  passes[0]?.succeed();
  await settle();
  assert.equal(passes.length, 2);
  passes[1]?.succeed();
  await settle();
  assert.equal(passes.length, 2);
});

test("nothing runs while inactive, and a kick is remembered until it is active", async () => {
  const { loop, passes, state } = setUp();
  state.active = false;
  loop.kick();
  await settle();
  assert.equal(passes.length, 0);
  state.active = true;
  loop.kick();
  await settle();
  assert.equal(passes.length, 1);
});

test("a failed pass is repeated with growing waits until it succeeds", async () => {
  const { loop, passes, clock } = setUp();
  loop.kick();
  await settle();
  for (const waitMs of [250, 500, 1000]) {
    const before = passes.length;
    passes.at(-1)?.fail(new Error("no"));
    await clock.advance(waitMs - 1);
    assert.equal(passes.length, before);
    await clock.advance(1);
    assert.equal(passes.length, before + 1);
  }
  passes.at(-1)?.succeed();
  await clock.advance(60_000);
  assert.equal(passes.length, 4);
});

test("a kick during the wait shortens it to the first step, not to nothing", async () => {
  const { loop, passes, clock } = setUp();
  loop.kick();
  await settle();
  for (const waitMs of [250, 500, 1000, 2000]) {
    passes.at(-1)?.fail(new Error("no"));
    await clock.advance(waitMs);
  }
  assert.equal(passes.length, 5);
  passes.at(-1)?.fail(new Error("no"));
  await settle();
  loop.kick();
  await clock.advance(249);
  assert.equal(passes.length, 5);
  await clock.advance(1);
  assert.equal(passes.length, 6);
  passes.at(-1)?.fail(new Error("no"));
  await clock.advance(1000);
  loop.kick();
  await settle();
  assert.equal(passes.length, 7, "past the first step a kick ends the wait at once");
});

test("a wait that the failure asks for is kept in spite of kicks", async () => {
  const { loop, passes, clock } = setUp({ retryAfterMs: () => 5_000 });
  loop.kick();
  await settle();
  passes[0]?.fail(new Error("429"));
  await settle();
  loop.kick();
  await clock.advance(4_999);
  assert.equal(passes.length, 1);
  await clock.advance(1);
  assert.equal(passes.length, 2);
});

test("a cancelled pass ends by its signal and is not counted as a failure", async () => {
  const { loop, passes, results, state } = setUp();
  loop.kick();
  await settle();
  state.active = false;
  loop.cancel();
  await settle();
  assert.equal(results[0]?.outcome, "cancelled");
  assert.equal(passes.length, 1);
  state.active = true;
  loop.kick();
  await settle();
  assert.equal(passes.length, 2, "what was cancelled is done when active again");
});

test("stop waits for the pass in progress and no other begins", async () => {
  const { loop, passes } = setUp();
  loop.kick();
  await settle();
  loop.kick();
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await settle();
  assert.equal(stopped, false);
  passes[0]?.succeed();
  await stopping;
  loop.kick();
  await settle();
  assert.equal(passes.length, 1);
});

test("stop ends a wait after a failure", async () => {
  const { loop, passes } = setUp({ retryAfterMs: () => 600_000 });
  loop.kick();
  await settle();
  passes[0]?.fail(new Error("no"));
  await settle();
  await loop.stop();
  assert.equal(passes.length, 1);
});

test("settled resolves with a pass that began after the call and succeeded", async () => {
  const { loop, passes, clock } = setUp();
  loop.kick();
  await settle();
  let settled = false;
  const waiting = loop.settled().then(() => {
    settled = true;
  });
  passes[0]?.succeed();
  await settle();
  assert.equal(settled, false, "that pass had begun before");
  passes[1]?.fail(new Error("no"));
  await clock.advance(250);
  assert.equal(settled, false, "that pass failed");
  passes[2]?.succeed();
  await waiting;
});

test("settled rejects when the loop stops", async () => {
  const { loop, state } = setUp();
  state.active = false;
  const waiting = loop.settled();
  await Promise.all([assert.rejects(waiting, /stopped/), loop.stop()]);
  await assert.rejects(loop.settled(), /stopped/);
});
