/** dashboards/ and the operations guide are written by hand: whatever they name must be there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { CONNECTION_REASONS } from "../../src/model/connection-reason.ts";
import { type Family, operatorFamilies, proxyFamilies } from "./metrics.ts";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

const families = new Map([...(await proxyFamilies()), ...(await operatorFamilies())].map((one) => [one.name, one]));
/** Labels that Prometheus adds to what it scrapes. */
const OF_TARGETS = new Set(["job", "namespace", "pod", "instance"]);

const dashboard = JSON.parse(read("dashboards/fsm-gateway.json")) as Dashboard;
const rules = (parse(read("dashboards/alerts.yaml")) as Rules).groups.flatMap((group) => group.rules);
interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...rules.map(({ expr }) => expr),
];

/** A histogram has its series under three names. */
function familyOf(series: string): Family | undefined {
  const base = families.get(series.replace(/_(bucket|sum|count)$/, ""));
  return families.get(series) ?? (base?.type === "histogram" ? base : undefined);
}

function seriesIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:fsm_gateway|process)_[a-z_]+\b/g)].map(([name]) => name);
}

test("every metric of the dashboard and of the alerts exists, with the labels that are selected", () => {
  assert.ok(expressions.length > 60, `${expressions.length} expressions`);
  for (const expression of expressions) {
    const named = seriesIn(expression);
    assert.ok(named.length > 0, expression);
    for (const series of named) assert.ok(familyOf(series), `${series} in ${expression}`);
    for (const [, series = "", selector = ""] of expression.matchAll(/([a-z_]+)\{([^}]*)\}/g)) {
      for (const [, label = ""] of selector.matchAll(/(\w+)\s*=~?"/g)) {
        assert.ok(OF_TARGETS.has(label) || familyOf(series)?.labels.has(label), `${label} of ${series}`);
      }
    }
  }
  for (const { query } of dashboard.templating.list)
    for (const name of seriesIn(query)) assert.ok(familyOf(name), name);
});

test("sums are by labels that are there", () => {
  for (const expression of expressions) {
    for (const [, labels = ""] of expression.matchAll(/\bby \(([^)]*)\)/g)) {
      const known = new Set(seriesIn(expression).flatMap((series) => [...(familyOf(series)?.labels ?? [])]));
      for (const label of labels.split(",").map((one) => one.trim())) {
        assert.ok(label === "le" || OF_TARGETS.has(label) || known.has(label), `${label} in ${expression}`);
      }
    }
  }
});

test("reasons that are asked for are words of the closed set", () => {
  const asked = expressions.flatMap((text) =>
    [...text.matchAll(/reason=~?"([^"]*)"/g)].map(([, value]) => value ?? ""),
  );
  assert.ok(asked.length > 0);
  for (const pattern of asked.flatMap((value) => value.split("|"))) {
    const matches = Object.keys(CONNECTION_REASONS).some((reason) => new RegExp(`^(?:${pattern})$`).test(reason));
    assert.ok(matches, pattern);
  }
});

test("the operator's metrics are all on the dashboard", () => {
  const shown = new Set(expressions.flatMap(seriesIn).map((series) => familyOf(series)?.name));
  for (const name of families.keys()) assert.ok(shown.has(name), `${name} is not shown`);
});
