import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, settle } from "../../loop/manual-clock.ts";
import { LateWrites, MAX_LATE, MAX_LATE_OF_NAMESPACE } from "./late-writes.ts";

function stage() {
  const clock = new ManualClock();
  const ended: string[] = [];
  const late = new LateWrites({ clock, onLateEnd: () => ended.push("late end") });
  /** A write that ends when the test says so; `waited` is true once nobody waits for it any more. */
  const write = (key: string, namespace = "n") => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const state = { waited: false, resolve, reject };
    const run = late.run(key, namespace, () => promise);
    const note = () => {
      state.waited = true;
    };
    run.then(note, note);
    return { state, run };
  };
  return { clock, ended, late, write };
}

test("a write that ends in time is waited for, and fails as it does", async () => {
  const { clock, ended, late, write } = stage();
  const [one, other] = [write("one"), write("other")];
  one.state.resolve();
  other.state.reject(new Error("no"));
  await one.run;
  await assert.rejects(other.run, /no/);
  assert.deepEqual([clock.remainingMs, ended, late.isBlocked("one", "n"), late.takeFailures()], [[], [], false, []]);
});

test("a write that takes long is not waited for; its key is blocked until it ends, and a failure is kept for the next sync", async () => {
  const { clock, ended, late, write } = stage();
  const { state } = write("slow");
  await clock.advance(499);
  assert.equal(state.waited, false);
  await clock.advance(1);
  assert.equal(state.waited, true);
  assert.deepEqual([late.isBlocked("slow", "n"), late.isBlocked("other", "n")], [true, false]);
  state.reject(new Error("too late"));
  await settle();
  assert.deepEqual([late.isBlocked("slow", "n"), ended], [false, ["late end"]]);
  assert.deepEqual(
    late.takeFailures().map((failure) => String(failure)),
    ["Error: too late"],
  );
  assert.deepEqual(late.takeFailures(), []);
});

test("few writes of one namespace are late, and some of all: the others are waited for", async () => {
  const { clock, late, write } = stage();
  const writes = Array.from({ length: MAX_LATE_OF_NAMESPACE + 1 }, (_, at) => write(`n${at}`));
  await clock.advance(500);
  assert.deepEqual(
    writes.map(({ state }) => state.waited),
    [...writes.slice(1).map(() => true), false],
  );
  assert.deepEqual([late.isBlocked("new", "n"), late.isBlocked("new", "other")], [true, false]);
  const others = Array.from({ length: MAX_LATE }, (_, at) => write(`o${at}`, `other-${at}`));
  await clock.advance(500);
  assert.equal(others.filter(({ state }) => state.waited).length, MAX_LATE - MAX_LATE_OF_NAMESPACE);
});

test("cancelled writes see the signal, and nothing of them is left", async () => {
  const { clock, ended, late, write } = stage();
  const { signal } = late;
  const { state } = write("slow");
  await clock.advance(500);
  late.cancel();
  assert.deepEqual([signal.aborted, late.signal.aborted, late.isBlocked("slow", "n")], [true, false, false]);
  state.reject(new Error("aborted"));
  await settle();
  assert.deepEqual([ended, late.takeFailures()], [[], []]);
});
