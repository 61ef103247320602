import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteStatusPlan } from "../../model/plan.ts";
import { mergeConditions, mergeStatus } from "./merge.ts";

const before = "2026-01-01T00:00:00Z";
const context = { controllerName: "ours", now: "2026-01-02T00:00:00Z" };
const desired = { type: "Accepted", status: "True", reason: "Accepted", message: "" } as const;
const plan: RouteStatusPlan = {
  kind: "TLSRoute",
  name: "r",
  generation: 2,
  parents: [{ parentRef: { name: "g", port: 8000 }, conditions: [desired] }],
};

test("lastTransitionTime stays while the status stays, and moves when it flips", () => {
  const old = [{ ...desired, reason: "Other", observedGeneration: 1, lastTransitionTime: before }];
  const [same] = mergeConditions(old, [desired], 2, context.now);
  assert.deepEqual(same, { ...desired, observedGeneration: 2, lastTransitionTime: before });
  const [flipped] = mergeConditions(old, [{ ...desired, status: "False" }], 2, context.now);
  assert.equal(flipped?.lastTransitionTime, context.now);
});

test("conditions of types that are not ours are kept", () => {
  const foreign = { ...desired, type: "example.com/Audited", lastTransitionTime: before };
  assert.deepEqual(mergeConditions([foreign], [desired], 1, context.now)[0], foreign);
});

test("entries of other controllers are kept, our stale ones go", () => {
  const theirs = { parentRef: { name: "x" }, controllerName: "theirs", conditions: [] };
  const stale = { parentRef: { name: "gone" }, controllerName: "ours", conditions: [] };
  const merged = mergeStatus(plan, { parents: [stale, theirs] }, context) as { parents: { controllerName: string }[] };
  assert.deepEqual(merged.parents[0], theirs);
  assert.equal(merged.parents.length, 2);
  assert.deepEqual((merged.parents[1] as unknown as typeof stale).parentRef, { name: "g", port: 8000 });
});

test("merging twice changes nothing", () => {
  const once = mergeStatus(plan, undefined, context);
  assert.deepEqual(mergeStatus(plan, once, { ...context, now: "2030-01-01T00:00:00Z" }), once);
});

test("the same Gateway on two ports keeps two entries with their own times", () => {
  const two: RouteStatusPlan = {
    ...plan,
    parents: [
      { parentRef: { name: "g", port: 1 }, conditions: [desired] },
      { parentRef: { name: "g", port: 2 }, conditions: [{ ...desired, status: "False" }] },
    ],
  };
  const once = mergeStatus(two, undefined, { ...context, now: before });
  assert.deepEqual(mergeStatus(two, once, context), once);
});
