import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControlRun, controlPage, HANDWRITTEN_MARKER } from "./page.ts";
import { rowOf } from "./rows.ts";

const run: ControlRun = {
  date: new Date(0),
  machine: { processor: "p", processors: 2, memoryGib: 24, kernel: "k", node: "n", commit: "c" },
  ...{ kubernetes: "v1", quick: false, load: 1 },
};
const scenario = (id: string) => ({ id, title: "a title" });
const goals = [{ of: "max", atMost: 2 }] as const;
const outcome = (id: string, sample: number) => {
  return { scenario: scenario(id), rows: [rowOf(id, { metric: "m", unit: "ms", samples: [sample], goals })] };
};
const ORDER = ["a", "b"];

test("a row says what was asked for and whether it was met; what was not measured is said", () => {
  const page = controlPage(run, [outcome("a", 3)], ORDER, undefined);
  assert.match(page, /^\| m \| ms \| 3\.00 \| {2}\| {2}\| {2}\| 1 \| max ≤ 2: \*\*missed\*\* \|$/m);
  assert.match(page, /^## b: not measured$/m);
  const failed = controlPage(run, [{ scenario: scenario("a"), rows: [], failure: "it broke" }], ORDER, undefined);
  assert.match(failed, /\*\*Failed:\*\* it broke/);
});

test("a later run replaces its own sections, and keeps the others and what people wrote", () => {
  const first = `${controlPage(run, [outcome("a", 1), outcome("b", 1)], ORDER, undefined)}\nBy hand.\n`;
  const second = controlPage({ ...run, date: new Date("2026-01-01") }, [outcome("b", 3)], ORDER, first);
  assert.equal(second.match(/^1970-01-01/gm)?.length, 1);
  assert.equal(second.match(/^2026-01-01/gm)?.length, 1);
  assert.match(second, /^## a: a title$.*^1970.*: met.*^## b: a title$.*^2026.*missed/ms);
  assert.ok(second.endsWith(`${HANDWRITTEN_MARKER}\n\nBy hand.\n`));
  assert.equal(controlPage(run, [], ORDER, second), second, "nothing grows");
});
