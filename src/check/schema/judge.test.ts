import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldOf, type KindDefinition, type Schema } from "./definitions.ts";
import { judge } from "./judge.ts";
import { isTransition, Rules } from "./rules.ts";

/** One kind whose `spec` has this schema. */
function kind(spec: Schema): KindDefinition {
  const schema: Schema = { type: "object", required: ["spec"], properties: { spec } };
  const old = { name: "v1alpha1", served: true, deprecation: "v1alpha1 is deprecated", schema };
  const unserved = { name: "v0", served: false, schema };
  return {
    group: "g.example",
    kind: "Thing",
    namespaced: true,
    versions: [{ name: "v1", served: true, schema }, old, unserved],
  };
}

function said(spec: Schema, value: unknown, apiVersion = "g.example/v1"): readonly string[] {
  const candidate = { apiVersion, kind: "Thing", metadata: { name: "t" }, ...(value !== undefined && { spec: value }) };
  return judge(kind(spec), new Rules(), candidate).violations.map(
    ({ path, message }) => `${fieldOf(path)}: ${message}`,
  );
}

const good: [string, Schema, unknown][] = [
  [
    "a port",
    { type: "object", properties: { port: { type: "integer", minimum: 1, maximum: 65535, format: "int32" } } },
    { port: 65535 },
  ],
  ["an integer or a text", { "x-kubernetes-int-or-string": true }, "80%"],
  ["null where it may be", { type: "object", nullable: true }, null],
  ["null before a default", { type: "object", properties: { a: { type: "string", default: "x" } } }, { a: null }],
  ["characters, not bytes", { type: "string", maxLength: 2 }, "é😀"],
  [
    "unknown fields that are preserved",
    { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    { a: { b: 1 } },
  ],
  [
    "a rule about a default",
    {
      type: "object",
      properties: { a: { type: "integer", default: 1 } },
      "x-kubernetes-validations": [{ rule: "self.a == 1" }],
    },
    {},
  ],
  ["a rule about a change", { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] }, "x"],
  [
    "a rule about a reserved name",
    {
      type: "object",
      properties: { namespace: { type: "string" } },
      "x-kubernetes-validations": [{ rule: "has(self.__namespace__)" }],
    },
    { namespace: "n" },
  ],
  [
    "a rule about the keys of a map",
    {
      type: "object",
      additionalProperties: { type: "string" },
      "x-kubernetes-validations": [{ rule: "self.all(k, k.startsWith('a') && self[k] == 'b')" }],
    },
    { "a-1": "b" },
  ],
  [
    "exactly one shape",
    { oneOf: [{ format: "ipv4" }, { format: "ipv6" }, { not: { anyOf: [{ format: "ipv4" }, { format: "ipv6" }] } }] },
    "::1",
  ],
];
for (const [name, schema, value] of good) {
  test(`${name} is taken`, () => assert.deepEqual(said(schema, value), []));
}

const bad: [string, Schema, unknown, RegExp][] = [
  ["no spec", { type: "object" }, undefined, /^spec: is missing$/],
  ["a text for a number", { type: "integer" }, "80", /^spec: must be an integer, not "80"$/],
  ["a fraction", { type: "integer" }, 1.5, /^spec: must be an integer, not 1\.5$/],
  ["null", { type: "string" }, null, /^spec: must be a text \(quote it\), not null$/],
  ["a number out of bounds", { type: "integer", maximum: 65535 }, 65536, /^spec: is 65536; it must be at most 65535$/],
  ["33 bits", { type: "integer", format: "int32" }, 2 ** 31, /must be a 32-bit integer/],
  ["a text that is too long", { type: "string", maxLength: 1 }, "ab", /^spec: has 2 characters; 1 at most/],
  ["a pattern", { type: "string", pattern: "^a$" }, "b", /^spec: "b" does not match \^a\$$/],
  ["an enumeration", { type: "string", enum: ["A", "B"] }, "C", /^spec: "C" is not supported; use "A" or "B"$/],
  ["too few items", { type: "array", minItems: 1, items: {} }, [], /^spec: has 0 items; 1 at least/],
  ["an item", { type: "array", items: { type: "string" } }, ["a", 1], /^spec\[1\]: must be a text/],
  [
    "a set",
    { type: "array", items: {}, "x-kubernetes-list-type": "set" },
    [1, 2, 1],
    /^spec: item 2 stands in the list already$/,
  ],
  [
    "a map's keys",
    {
      type: "array",
      items: { type: "object", properties: { name: { type: "string" } } },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    },
    [{ name: "a" }, { name: "a" }],
    /^spec: item 1 has the name of an item before it$/,
  ],
  [
    "a rule",
    { type: "integer", "x-kubernetes-validations": [{ rule: "self % 2 == 0", message: "must be even" }] },
    3,
    /^spec: must be even$/,
  ],
  [
    "a rule within",
    {
      type: "array",
      items: { type: "string", "x-kubernetes-validations": [{ rule: "!isIP(self)", message: "is an IP" }] },
    },
    ["a", "::1"],
    /^spec\[1\]: is an IP$/,
  ],
  [
    "a rule without an answer",
    { type: "object", properties: {}, "x-kubernetes-validations": [{ rule: "self.a == 1" }] },
    {},
    /cannot be answered/,
  ],
];
for (const [name, schema, value, message] of bad) {
  test(`${name} is refused`, () => {
    const violations = said(schema, value);
    assert.equal(violations.length, 1, violations.join("\n"));
    assert.match(violations[0]!, message);
  });
}

test("rules are not asked about an object without the shape they need", () => {
  const schema: Schema = {
    type: "object",
    required: ["a"],
    properties: { a: {} },
    "x-kubernetes-validations": [{ rule: "self.a == 1" }],
  };
  assert.deepEqual(said(schema, {}), ["spec.a: is missing"]);
});

test("an unknown field is remarked and dropped, a deprecated version remarked", () => {
  const candidate = { apiVersion: "g.example/v1alpha1", metadata: { name: "t" }, spec: { a: 1, b: 2 } };
  const { remarks, object, violations } = judge(
    kind({ type: "object", properties: { a: {} } }),
    new Rules(),
    candidate,
  );
  assert.deepEqual(violations, []);
  assert.deepEqual(
    remarks.map(({ path }) => fieldOf(path)),
    ["spec.b", "apiVersion"],
  );
  assert.deepEqual((object as typeof candidate).spec, { a: 1 });
});

test("a version that is not served", () => {
  for (const version of ["v0", "v9"]) {
    assert.match(
      said({}, {}, `g.example/${version}`).join(),
      /^apiVersion: Thing is not served as .*use g\.example\/v1 or/,
    );
  }
});

test("names and labels", () => {
  const metadata = { name: "A_b", namespace: "a.b", labels: { "a/b/c": "x", ok: 1 } };
  const { violations } = judge(kind({}), new Rules(), { apiVersion: "g.example/v1", metadata, spec: {} } as never);
  assert.deepEqual(
    violations.map(({ path }) => path.join(" ")),
    ["metadata name", "metadata namespace", "metadata labels a/b/c", "metadata labels ok"],
  );
});

test("a rule that does not compile is a defect, not passed over", () => {
  assert.throws(() => new Rules().compile("self.nonsense("), /cannot be compiled here/);
});

test("a rule speaks of a change when its code does", () => {
  assert.equal(isTransition("self == oldSelf"), true);
  assert.equal(isTransition("self == 'oldSelf'"), false);
});
