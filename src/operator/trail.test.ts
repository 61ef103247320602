import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../loop/manual-clock.ts";
import type { LogFields, Logger } from "../model/log.ts";
import { ChangeTrail } from "./trail.ts";

function setUp() {
  const clock = new ManualClock();
  const lines: ({ readonly level: string; readonly message: string } & LogFields)[] = [];
  const note = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push({ ...fields, level, message });
  const log: Logger = {
    ...{ debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") },
    child: () => log,
  };
  const state = { isServing: true };
  const published: number[] = [];
  const trail = new ChangeTrail({
    ...{ log, clock, prefix: "x" },
    isServing: () => state.isServing,
    onPublished: (waitedMs) => published.push(waitedMs),
  });
  return { clock, lines, state, published, trail };
}

test("one search for a change finds its arrival, its pass, what was published and what was written, with times", async () => {
  const { clock, lines, published, trail } = setUp();
  trail.arrived("TLSRoute", "team/r");
  trail.kicked("change");
  await clock.advance(3);
  const pass = trail.begin();
  await clock.advance(2);
  pass.published(new Map([["team/gw", "17"]]));
  await clock.advance(10);
  trail.wrote({ verb: "status", kind: "TLSRoute", object: "team/r", outcome: "ok" });
  pass.end("succeeded");

  assert.deepEqual(pass.cause, { pass: "px-1", changes: ["cx-1"] });
  const found = lines.filter((line) => JSON.stringify(line).includes('"cx-1"'));
  assert.deepEqual(
    found.map(({ message, level }) => `${level} ${message}`),
    ["debug change", "debug configuration published", "debug write", "info pass"],
  );
  const { level: _level, message: _message, ...summary } = found.at(-1) ?? assert.fail();
  assert.deepEqual(summary, {
    ...{ pass: "px-1", changes: ["cx-1"], because: ["change"], outcome: "succeeded" },
    ...{ waitedMs: 3, publishedAfterMs: 2, durationMs: 12, published: { "team/gw": "17" } },
    ...{ statuses: 1, applied: 0, deleted: 0, failed: 0 },
  });
  assert.deepEqual(published, [5]);
});

test("changes that came together have one pass, which names a few and counts the others", () => {
  const { lines, trail } = setUp();
  for (let i = 0; i < 1_000; i++) trail.arrived("TLSRoute", `team/r${i}`);
  assert.equal(trail.waiting, 1_000);
  const pass = trail.begin();
  assert.equal(trail.waiting, 0);
  pass.published(new Map([["team/gw", "17"]]));
  pass.end("succeeded");
  const line = lines.at(-1) ?? assert.fail();
  assert.equal((line.changes as readonly string[]).length, 8);
  assert.equal(line.moreChanges, 992);
});

test("a pass that changed nothing is a debug line, one that wrote in vain is not", () => {
  const { lines, trail } = setUp();
  trail.begin().end("succeeded");
  assert.equal(lines.at(-1)?.level, "debug");
  const pass = trail.begin();
  trail.wrote({ verb: "status", kind: "Gateway", object: "a/b", outcome: "throttled" });
  pass.end("failed");
  assert.deepEqual([lines.at(-1)?.level, lines.at(-1)?.failed], ["info", 1]);
});

test("what a failed pass took up is waiting again, as old as it is, and the next pass names it", async () => {
  const { clock, trail } = setUp();
  trail.arrived("Service", "a/s");
  await clock.advance(40);
  const failed = trail.begin();
  assert.equal(trail.oldestWaitedMs, 40, "taken up is not served");
  trail.arrived("Service", "a/t");
  failed.end("failed");
  assert.equal(trail.waiting, 2);
  await clock.advance(60);
  assert.equal(trail.oldestWaitedMs, 100);
  const next = trail.begin();
  assert.deepEqual(next.cause.changes, ["cx-1", "cx-2"]);
  next.end("succeeded");
  assert.deepEqual([trail.waiting, trail.oldestWaitedMs], [0, 0]);
});

test("a replica that does not lead has nothing waiting", () => {
  const { state, trail } = setUp();
  state.isServing = false;
  trail.arrived("Service", "a/s");
  assert.equal(trail.waiting, 0);
  state.isServing = true;
  trail.arrived("Service", "a/s");
  const pass = trail.begin();
  state.isServing = false;
  pass.end("cancelled");
  trail.clear();
  assert.deepEqual([trail.waiting, trail.oldestWaitedMs], [0, 0]);
});
