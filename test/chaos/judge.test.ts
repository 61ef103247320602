import assert from "node:assert/strict";
import { test } from "node:test";
import { missed } from "./judge.ts";
import type { LoadAccount } from "./load.ts";

const calm: LoadAccount = {
  answered: 100,
  failures: [],
  longestGap: { fromMs: 0, ms: 60 },
  long: { opened: 10, ended: [] },
};
const refused = (atMs: number) => ({ atMs, reason: "ECONNREFUSED" });
const allowed = { fromMs: 1_000, untilMs: 2_000, reasons: /^ECONNREFUSED$/, longEnded: 1 };

test("nothing failed, and soon: nothing is missed", () => {
  assert.deepEqual(missed({ facts: {} }, calm, 30_000), []);
});

test("a failed connection, one that ended, no answer at all and slowness are each missed", () => {
  const load = { ...calm, answered: 0, failures: [refused(5)], long: { opened: 10, ended: [refused(7)] } };
  const said = missed({ facts: {} }, load, 30_001);
  assert.equal(said.length, 4);
  assert.match(said[0] ?? "", /^1 connections failed .* 1 × ECONNREFUSED/);
});

test("what the fault cuts may fail: in its time, for its reason, and no other", () => {
  const load = { ...calm, failures: [refused(1_500)], long: { opened: 10, ended: [refused(1_600)] } };
  assert.deepEqual(missed({ facts: {}, allowed }, load, 0), []);
  const late = { ...load, failures: [refused(2_001)] };
  assert.equal(missed({ facts: {}, allowed }, late, 0).length, 1);
  const other = { ...load, failures: [{ atMs: 1_500, reason: "no answer in time" }] };
  assert.equal(missed({ facts: {}, allowed }, other, 0).length, 1);
});

test("a long connection that should have ended and did not is missed: the fault did not happen", () => {
  assert.equal(missed({ facts: {}, allowed }, calm, 0).length, 1);
});
