/**
 * The hostname algebra against a naive model: a pattern is the set of all server names that it covers, from a universe small enough
 * to be written out. The labels are chosen so that one ends like another: a suffix must be cut at a dot.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANY_HOSTNAME, compareSpecificity, covers, intersect, normalizeHostname } from "./hostname.ts";

const LABELS = ["a", "b", "ab"];
/** What a connection without a server name is called here: `*` alone covers it. */
const NO_NAME = "";
/** One more than a pattern's suffix may have, so that no wildcard is without a name. */
const MAX_LABELS = 4;

const UNIVERSE: readonly string[] = [NO_NAME, ...namesOf(MAX_LABELS)];

function namesOf(labels: number): readonly string[] {
  if (labels === 0) return [];
  const shorter = namesOf(labels - 1);
  return [...new Set([...LABELS, ...shorter.flatMap((name) => [name, ...LABELS.map((label) => `${label}.${name}`)])])];
}

function modelOf(pattern: string): readonly string[] {
  return UNIVERSE.filter((name) => naivelyCovers(pattern, name));
}

/** Label by label, from the right. */
function naivelyCovers(pattern: string, name: string): boolean {
  if (pattern === ANY_HOSTNAME) return true;
  if (!pattern.startsWith("*.")) return pattern === name;
  const suffix = pattern.split(".").slice(1).reverse();
  const labels = name.split(".").reverse();
  return labels.length > suffix.length && suffix.every((label, i) => labels[i] === label);
}

const suffix = fc
  .array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: MAX_LABELS - 1 })
  .map((labels) => labels.join("."));
const pattern = fc.oneof(
  suffix,
  suffix.map((name) => `*.${name}`),
  fc.constant(ANY_HOSTNAME),
);

function check(property: (a: string, b: string, c: string) => void): void {
  fc.assert(fc.property(pattern, pattern, pattern, property), { numRuns: 500 });
}

test("a pattern covers another exactly when it covers all its names", () => {
  check((a, b) => {
    const outer = new Set(modelOf(a));
    assert.equal(
      covers(a, b),
      modelOf(b).every((name) => outer.has(name)),
    );
  });
});

test("an intersection covers exactly the names that both patterns cover", () => {
  check((a, b) => {
    const common = intersect(a, b);
    const other = new Set(modelOf(b));
    assert.deepEqual(
      common === undefined ? [] : modelOf(common),
      modelOf(a).filter((name) => other.has(name)),
    );
  });
});

test("an intersection is one of the two patterns, whichever comes first", () => {
  check((a, b) => {
    const common = intersect(a, b);
    assert.equal(intersect(b, a), common);
    assert.ok(common === undefined || common === a || common === b);
  });
});

test("what a pattern covers properly is more specific", () => {
  check((a, b) => {
    if (covers(a, b) && a !== b) assert.ok(compareSpecificity(b, a) < 0);
  });
});

test("of the patterns that cover a name, no two are equally specific", () => {
  check((a, b) => {
    if (intersect(a, b) !== undefined) assert.equal(compareSpecificity(a, b) === 0, a === b);
  });
});

test("specificity orders patterns", () => {
  check((a, b, c) => {
    assert.equal(Math.sign(compareSpecificity(a, b)), -Math.sign(compareSpecificity(b, a)) + 0);
    if (compareSpecificity(a, b) <= 0 && compareSpecificity(b, c) <= 0) assert.ok(compareSpecificity(a, c) <= 0);
  });
});

test("case and one trailing dot do not matter, and normalising again changes nothing", () => {
  check((a) => {
    assert.equal(normalizeHostname(`${a.toUpperCase()}.`), a);
    assert.equal(normalizeHostname(a), a);
  });
});
