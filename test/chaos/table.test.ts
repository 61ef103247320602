import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FAULTS } from "./faults.ts";
import { readOptions } from "./options.ts";
import { type Results, tableOf, withTable } from "./table.ts";

const RESULTS = join(import.meta.dirname, "results.json");
const PAGE = join(import.meta.dirname, "../../docs/chaos.md");
const NAMES = FAULTS.map(({ name }) => name);

test("the page's table is that of the last results, in the order of the faults", () => {
  assert.ok(existsSync(RESULTS));
  const results: Results = JSON.parse(readFileSync(RESULTS, "utf8"));
  const page = readFileSync(PAGE, "utf8");
  assert.equal(withTable(page, tableOf(results)), page);
  const measured = results.rows.map(({ fault }) => fault);
  assert.deepEqual(
    measured,
    NAMES.filter((name) => measured.includes(name)),
  );
});

test("what was missed stands in the table", () => {
  const row = {
    fault: "x",
    title: "a fault",
    cuts: "no connection",
    connections: 1_000,
    failed: 2,
    longestGapMs: 70,
    longOpened: 20,
    longEnded: 1,
    convergedAfterMs: 1_234,
    facts: { "taken over after": "15.0 s" },
    missed: ["2 connections failed"],
  };
  const table = tableOf({ made: { day: "2026-01-01", kubernetes: "v1", cores: 2 }, rows: [row] });
  assert.match(
    table,
    /\*\*a fault\*\* — MISSED: 2 connections failed \| no connection \| 2 of 1,000 \| 1 of 20 \| 70 ms/,
  );
  assert.match(table, /\| 1\.2 s \| taken over after: 15\.0 s \|$/);
});

test("a page without a place for the table is refused", () => {
  assert.throws(() => withTable("# Page\n", "table"), /the page has no/);
});

test("options: what is unknown is refused", () => {
  assert.deepEqual(readOptions(["--only", "leader-killed,eviction"], NAMES).only, ["leader-killed", "eviction"]);
  assert.throws(() => readOptions(["--only", "flood"], NAMES), /there is no fault flood; there are leader-killed,/);
  assert.throws(() => readOptions(["--slow"], NAMES));
});
