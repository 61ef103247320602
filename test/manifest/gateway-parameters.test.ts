/** The definition of GatewayParameters as `fsm-gateway check` judges by it; test/api has the API server judge the same. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import type { KindDefinition } from "../../src/check/schema/definitions.ts";
import { fieldOf } from "../../src/check/schema/definitions.ts";
import { judge } from "../../src/check/schema/judge.ts";
import { Rules } from "../../src/check/schema/rules.ts";
import { PARAMETERS_GROUP, PARAMETERS_KIND } from "../../src/gateway-api/gateway-parameters.ts";
import { gatewayParameters } from "../../src/standalone/manifests/shapes/gateway-parameters.ts";
import { BAD, GOOD, parameters } from "../support/gateway-parameters.ts";

// biome-ignore lint/suspicious/noExplicitAny: a schema of any depth.
type Any = any;

const file = new URL("../../crds/gateway.fsm.dev_gatewayparameters.yaml", import.meta.url);
const { spec }: Any = parse(readFileSync(file, "utf8"));
const definition: KindDefinition = {
  group: spec.group,
  kind: spec.names.kind,
  namespaced: spec.scope === "Namespaced",
  versions: spec.versions.map((version: Any) => ({ ...version, schema: version.schema.openAPIV3Schema })),
};
const rules = new Rules();
const judged = (object: object) => {
  const { violations, remarks } = judge(definition, rules, parameters(object));
  return [...violations, ...remarks].map(({ path, message }) => `${fieldOf(path)}: ${message}`);
};

test("its names are those of the program", () => {
  assert.deepEqual([definition.group, definition.kind], [PARAMETERS_GROUP, PARAMETERS_KIND]);
  assert.deepEqual(spec.names.shortNames, ["gwp"]);
});

for (const [index, object] of GOOD.entries()) {
  test(`good parameters ${index} are taken`, () => assert.deepEqual(judged(object), []));
}

for (const [object, said] of BAD) {
  test(`refused: ${JSON.stringify(object)}`, () => {
    const problems = judged(object);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems.join(), said);
  });
}

test("a field without a description is none that anybody can use", () => {
  const undescribed: string[] = [];
  const walk = (schema: Any, path: string): void => {
    for (const [name, property] of Object.entries<Any>(schema.properties ?? {})) {
      if (property.description === undefined) undescribed.push(`${path}.${name}`);
      walk(property, `${path}.${name}`);
    }
    if (schema.items !== undefined) walk(schema.items, `${path}[]`);
  };
  const { properties } = spec.versions[0].schema.openAPIV3Schema;
  walk(properties.spec, "spec");
  walk(properties.status, "status");
  assert.deepEqual(undescribed, []);
});

test("files may hold the members that the definition has, and no other", () => {
  const shape: Any = gatewayParameters.shape;
  const schema: Any = spec.versions[0].schema.openAPIV3Schema.properties.spec;
  assert.deepEqual(Object.keys(shape).sort(), Object.keys(schema.properties).sort());
  for (const member of Object.keys(shape)) {
    const within = shape[member].unwrap?.().shape;
    if (within === undefined) continue;
    assert.deepEqual(Object.keys(within).sort(), Object.keys(schema.properties[member].properties).sort(), member);
  }
  for (const object of GOOD) assert.ok(gatewayParameters.safeParse(object).success, JSON.stringify(object));
});
