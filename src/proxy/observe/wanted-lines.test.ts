import assert from "node:assert/strict";
import { test } from "node:test";
import { wantedLines } from "./wanted-lines.ts";

const quiet = { wantsRecords: false, wantsFailures: false, refusedLines: { perSecond: 100, burst: 1_000 } };

test("what the configuration does not say stays as the process was begun", () => {
  assert.deepEqual(wantedLines(quiet), quiet);
  assert.deepEqual(wantedLines(quiet, { format: "text" }), quiet);
});

test("a level says whether connections are told of, a number how many of those that were refused", () => {
  for (const level of ["debug", "info"] as const) assert.equal(wantedLines(quiet, { level }).wantsRecords, true);
  for (const level of ["warn", "error"] as const) {
    assert.equal(wantedLines({ ...quiet, wantsRecords: true }, { level }).wantsRecords, false);
  }
  for (const level of ["debug", "info", "warn"] as const) {
    assert.equal(wantedLines(quiet, { level }).wantsFailures, true, level);
  }
  assert.equal(wantedLines({ ...quiet, wantsFailures: true }, { level: "error" }).wantsFailures, false);
  assert.deepEqual(wantedLines(quiet, { refusedPerSecond: 7 }).refusedLines, { perSecond: 7, burst: 70 });
  assert.equal(wantedLines(quiet, { refusedPerSecond: 0 }).refusedLines, undefined, "all");
});
