import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition } from "../../gateway-api/objects.ts";
import type { StatusPlan } from "../../model/plan.ts";
import { transitions } from "./transitions.ts";

const plan = { kind: "TLSRoute", name: "r", generation: 1, parents: [] } satisfies StatusPlan;
const accepted: Condition = {
  type: "Accepted",
  status: "True",
  reason: "Accepted",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};
const as = (condition: Condition) => new Map([[condition.type, condition]]);

test("a new word is told once; another message alone is no news", () => {
  assert.equal(transitions(plan, new Map(), as(accepted)).length, 1);
  assert.equal(transitions(plan, as(accepted), as({ ...accepted, message: "other" })).length, 0);
});

test("another reason is news even when the status stays", () => {
  const before = as({ ...accepted, status: "False", reason: "NoMatchingParent" });
  const after = as({ ...accepted, status: "False", reason: "NotAllowedByListeners" });
  assert.equal(transitions(plan, before, after)[0]?.reason, "NotAllowedByListeners");
});

test("what is on its way to be True is no news; falling back from True is", () => {
  for (const reason of ["Pending", "AddressNotAssigned"]) {
    const pending: Condition = { ...accepted, type: "Programmed", status: "False", reason };
    assert.equal(transitions(plan, new Map(), as(pending)).length, 0);
    assert.equal(transitions(plan, as({ ...pending, status: "Unknown" }), as(pending)).length, 0);
    assert.equal(transitions(plan, as({ ...pending, status: "True", reason: "Programmed" }), as(pending)).length, 1);
  }
});
