import assert from "node:assert/strict";
import { test } from "node:test";
import { findNearest, formatNearest } from "./did-you-mean.ts";

const cases: [name: string, nearest: string | undefined][] = [
  ["Gatewy", "Gateway"],
  ["Gaetway", "Gateway"],
  ["gateway", "Gateway"],
  ["TLSRuote", "TLSRoute"],
  ["TLRoute", "TLSRoute"],
  ["Gateway", undefined],
  ["Gwy", undefined],
  ["", undefined],
  ["Deployment", undefined],
];
for (const [name, nearest] of cases) {
  test(`"${name}": ${nearest ?? "none"}`, () => {
    assert.equal(findNearest(name, ["Gateway", "TLSRoute", "TCPRoute"]), nearest);
  });
}

test("a name as short as the distance does not match everything", () => {
  assert.equal(findNearest("ab", ["xy", "cd"]), undefined);
  assert.equal(findNearest("ab", ["ac"]), "ac");
});

test("the nearest of several, as text for a message", () => {
  assert.equal(formatNearest("webb", ["wab", "web"]), '; did you mean "web"?');
  assert.equal(formatNearest("webb", ["other"]), "");
});
