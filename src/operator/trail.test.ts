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

test("one search for a change finds its arrival, its publication and what was written, with times", async () => {
  const { clock, lines, published, trail } = setUp();
  trail.arrived("TLSRoute", "team/r");
  trail.kicked("change");
  trail.kicked("change");
  await clock.advance(3);
  const pass = trail.begin();
  await clock.advance(2);
  pass.published(new Map([["team/gw", "17"]]));
  const round = trail.beginWriting();
  await clock.advance(10);
  trail.wrote({ verb: "status", kind: "TLSRoute", object: "team/r", outcome: "ok" });
  round.end("succeeded");

  const cause = { pass: "px-1", changes: ["cx-1"] };
  assert.deepEqual(pass.cause, cause);
  const found = lines.filter((line) => JSON.stringify(line).includes('"cx-1"'));
  assert.deepEqual(found, [
    { level: "debug", message: "change", change: "cx-1", kind: "TLSRoute", object: "team/r" },
    {
      ...{ level: "info", message: "published", ...cause, because: ["change"] },
      ...{ waitedMs: 3, durationMs: 2, revisions: { "team/gw": "17" } },
    },
    { level: "debug", message: "write", ...cause, verb: "status", kind: "TLSRoute", object: "team/r", outcome: "ok" },
    {
      ...{ level: "info", message: "written", ...cause, outcome: "succeeded", durationMs: 10 },
      ...{ statuses: 1, applied: 0, deleted: 0, conflicts: 0, failed: 0 },
    },
  ]);
  assert.deepEqual(published, [5]);
  assert.equal(trail.oldestWaitedMs, 0);
});

test("changes that came together have one pass, which names a few and counts the others", () => {
  const { lines, trail } = setUp();
  for (let i = 0; i < 1_000; i++) trail.arrived("TLSRoute", `team/r${i}`);
  assert.equal(trail.waiting, 1_000);
  const pass = trail.begin();
  assert.equal(trail.waiting, 0);
  pass.published(new Map(Array.from({ length: 10 }, (_, i) => [`team/gw${i}`, "17"])));
  const line = lines.at(-1) ?? assert.fail();
  assert.equal((line.changes as readonly string[]).length, 8);
  assert.deepEqual([line.moreChanges, Object.keys(line.revisions as object).length, line.moreGateways], [992, 8, 2]);
});

test("what changes nothing is a debug line, a write in vain is not", () => {
  const { lines, published, trail } = setUp();
  trail.arrived("TLSRoute", "team/r");
  trail.begin().published(new Map());
  assert.deepEqual([lines.at(-1)?.message, lines.at(-1)?.level], ["published", "debug"]);
  assert.deepEqual(published, []);
  trail.beginWriting().end("succeeded");
  assert.deepEqual([lines.at(-1)?.message, lines.at(-1)?.level], ["written", "debug"]);
  const round = trail.beginWriting();
  trail.wrote({ verb: "status", kind: "Gateway", object: "a/b", outcome: "throttled" });
  round.end("failed");
  assert.deepEqual([lines.at(-1)?.level, lines.at(-1)?.failed, lines.at(-1)?.outcome], ["info", 1, "failed"]);
});

test("a change is waited for until it is published and written; what failed is taken up by the next", async () => {
  const { clock, lines, trail } = setUp();
  trail.arrived("Service", "a/s");
  await clock.advance(10);
  trail.begin();
  assert.deepEqual([trail.waiting, trail.oldestWaitedMs], [0, 10], "that pass ended by a defect");
  trail.arrived("Service", "a/t");
  const pass = trail.begin();
  assert.deepEqual(pass.cause.changes, ["cx-1", "cx-2"]);
  pass.published(new Map());
  await clock.advance(10);
  trail.beginWriting().end("failed");
  assert.equal(trail.oldestWaitedMs, 20);
  trail.arrived("Service", "a/u");
  trail.begin().published(new Map());
  const round = trail.beginWriting();
  assert.equal(trail.oldestWaitedMs, 20);
  round.end("succeeded");
  assert.deepEqual(lines.at(-1)?.changes, ["cx-1", "cx-2", "cx-3"]);
  assert.equal(lines.at(-1)?.pass, "px-3", "the newest that it speaks of");
  assert.equal(trail.oldestWaitedMs, 0);
});

test("what is published while a round writes waits for the next round", async () => {
  const { clock, trail } = setUp();
  trail.begin().published(new Map());
  const round = trail.beginWriting();
  trail.arrived("Service", "a/s");
  trail.begin().published(new Map([["a/g", "1"]]));
  await clock.advance(5);
  round.end("succeeded");
  assert.equal(trail.oldestWaitedMs, 5);
  trail.beginWriting().end("succeeded");
  assert.equal(trail.oldestWaitedMs, 0);
});

test("a replica that does not lead has nothing waiting", async () => {
  const { clock, state, trail } = setUp();
  state.isServing = false;
  trail.arrived("Service", "a/s");
  assert.equal(trail.waiting, 0);
  state.isServing = true;
  trail.arrived("Service", "a/s");
  trail.begin().published(new Map());
  const round = trail.beginWriting();
  trail.arrived("Service", "a/t");
  await clock.advance(5);
  state.isServing = false;
  trail.clear();
  round.end("cancelled");
  assert.deepEqual([trail.waiting, trail.oldestWaitedMs], [0, 0]);
});
