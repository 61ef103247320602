import assert from "node:assert/strict";
import { test } from "node:test";
import { selects } from "./selector.ts";

const labels = { team: "edge", tier: "1" };

test("no selector selects nothing, an empty one everything", () => {
  assert.equal(selects(undefined, labels), false);
  assert.equal(selects({}, labels), true);
});

test("all labels and expressions must hold", () => {
  assert.equal(selects({ matchLabels: { team: "edge" } }, labels), true);
  assert.equal(selects({ matchLabels: { team: "edge", tier: "2" } }, labels), false);
  const expression = (operator: string, key: string, values?: string[]) =>
    selects({ matchExpressions: [{ key, operator, ...(values && { values }) }] }, labels);
  assert.equal(expression("In", "tier", ["1", "2"]), true);
  assert.equal(expression("In", "absent", ["1"]), false);
  assert.equal(expression("NotIn", "tier", ["1"]), false);
  assert.equal(expression("NotIn", "absent", ["1"]), true);
  assert.equal(expression("Exists", "team"), true);
  assert.equal(expression("DoesNotExist", "team"), false);
  assert.equal(expression("Gt", "tier", ["0"]), false);
});
