import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANY_HOSTNAME, compareSpecificity, covers, intersect, normalizeHostname } from "./hostname.ts";

const label = fc.constantFrom("a", "b", "c");
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const pattern = fc.oneof(
  name,
  name.map((suffix) => `*.${suffix}`),
  fc.constant(ANY_HOSTNAME),
);

/** The naive model: a pattern is a regular expression over names. */
function naive(patternText: string): RegExp {
  if (patternText === ANY_HOSTNAME) return /^.*$/;
  return new RegExp(`^${patternText.replaceAll(".", "\\.").replace("*", "[a-z]+(?:\\.[a-z]+)*")}$`);
}

test("an intersection covers exactly the names that both patterns cover", () => {
  fc.assert(
    fc.property(pattern, pattern, name, (a, b, host) => {
      const both = naive(a).test(host) && naive(b).test(host);
      const common = intersect(a, b);
      assert.equal(common !== undefined && naive(common).test(host), both);
    }),
  );
});

test("covers agrees with the naive model on names", () => {
  fc.assert(fc.property(pattern, name, (outer, host) => assert.equal(covers(outer, host), naive(outer).test(host))));
});

test("a covered pattern is at least as specific", () => {
  fc.assert(
    fc.property(pattern, pattern, (a, b) => {
      if (covers(a, b)) assert.ok(compareSpecificity(b, a) <= 0);
    }),
  );
});

test("case and one trailing dot do not matter", () => {
  assert.equal(normalizeHostname("API.Example.COM."), "api.example.com");
});

test("a wildcard does not cover its own suffix", () => {
  assert.equal(covers("*.example.com", "example.com"), false);
});
