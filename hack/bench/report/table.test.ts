import assert from "node:assert/strict";
import { test } from "node:test";
import { Collection } from "../results.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { asMarkdown, asText, number, tablesOf } from "./table.ts";

const scenario: Scenario = {
  id: "bytes",
  title: "Bytes",
  routes: 1,
  fresh: false,
  direct: true,
  metrics: [
    { id: "cpu", label: "CPU", unit: "s / GB" },
    { id: "rate", label: "rate", unit: "Gb / s" },
  ],
  measure: () => Promise.reject(new Error("not to be run")),
};

function collected(): Collection {
  const collection = new Collection();
  for (const cpu of [0.5, 0.4, 0.6]) {
    collection.add(scenario, "haproxy", { values: { cpu, rate: 10 }, failures: {}, foreignCores: 0 });
  }
  collection.add(scenario, "nginx", { values: { cpu: 1, rate: 5 }, failures: { eof: 2 }, foreignCores: 0.9 });
  collection.add(scenario, "direct", { values: { rate: 40 }, failures: {}, foreignCores: 0 });
  collection.addGap({ scenario: undefined, contender: "fsm-linux", why: "there is no such flag" });
  collection.addGap({ scenario: "bytes", contender: "sniproxy", why: "too slow" });
  collection.addGap({ scenario: "other", contender: "envoy", why: "of no concern here" });
  return collection;
}

test("a cell has the median, the range and the ratio to HAProxy; what is broken or missing is said", () => {
  const [table] = tablesOf([scenario], collected().results());
  assert.deepEqual(table, {
    title: "Bytes",
    header: ["", "CPU, s / GB", "rate, Gb / s"],
    lines: [
      ["direct", "–", "40.0 ×4.00"],
      ["haproxy", "0.500 [0.400–0.600] ×1.00", "10.0 [10.0–10.0] ×1.00"],
      ["nginx (broken)", "1.00 ×2.00", "5.00 ×0.50"],
      ["sniproxy", "–", "–"],
      ["fsm-linux", "–", "–"],
    ],
    notes: [
      "sniproxy: too slow",
      "fsm-linux: there is no such flag",
      "nginx is broken here, its figures are no more than hints: 2 × eof",
    ],
  });
});

test("samples that others disturbed are counted", () => {
  assert.deepEqual(collected().results().disturbed, { samples: 1, of: 5 });
});

test("a row carries its samples and its failures, and none exists for what was not measured", () => {
  const { rows } = collected().results();
  assert.deepEqual(rows.filter(({ contender }) => contender === "nginx")[0], {
    metric: "bytes.cpu",
    unit: "s / GB",
    contender: "nginx",
    median: 1,
    min: 1,
    max: 1,
    samples: 1,
    failed: 2,
  });
  assert.equal(rows.filter(({ contender }) => contender === "direct").length, 1);
});

test("text is aligned and markdown is a table", () => {
  const table = {
    title: "T",
    header: ["", "a"],
    lines: [
      ["long name", "1"],
      ["b", "22"],
    ],
    notes: ["c: d"],
  };
  assert.equal(asText(table), "T\n              a\n  long name   1\n  b           22\n  * c: d");
  assert.equal(asMarkdown(table), "### T\n\n|  | a |\n| --- | --- |\n| long name | 1 |\n| b | 22 |\n\n- c: d");
});

test("figures have three digits that count", () => {
  assert.deepEqual([0.01234, 1.239, 12.39, 123.9, 12345.6].map(number), ["0.012", "1.24", "12.4", "124", "12,346"]);
});
