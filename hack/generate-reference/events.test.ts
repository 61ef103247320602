import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { eventReason } from "../../src/operator/write/event-reasons.ts";
import { EVENTS_FILE, renderEvents } from "./events.ts";

test("the reference has the reasons of the code", () => {
  const rendered = renderEvents();
  assert.match(rendered, /\| `NameTaken` \| Gateway \|/);
  assert.equal(readFileSync(EVENTS_FILE, "utf8"), rendered, "node hack/generate-reference/events.ts");
});

const CASES = join(import.meta.dirname, "../../test/golden/cases");

/** Of the conditions of which Events are made: not those of a class, nor of single listeners. */
function reasonsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return /^(?:True|False|Unknown) (\w+): /.exec(value)?.slice(1) ?? [];
  if (typeof value !== "object" || value === null) return [];
  const told = Object.entries(value).filter(([key]) => !/^(listener|GatewayClass) /.test(key));
  return told.flatMap(([, inner]) => reasonsIn(inner));
}

test("every reason that the translator's golden cases write is in the set", () => {
  const files = readdirSync(CASES).filter((name) => name.endsWith(".out.yaml"));
  const cases = files.map((name) => parse(readFileSync(join(CASES, name), "utf8")) as { readonly statuses?: unknown });
  const reasons = new Set(cases.flatMap(({ statuses }) => reasonsIn(statuses)));
  assert.ok(reasons.size >= 15, `found ${[...reasons]}`);
  for (const reason of reasons) assert.equal(eventReason(reason), reason);
});
