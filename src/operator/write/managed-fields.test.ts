import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ManagedObject } from "../informer/trim.ts";
import { jsonEqual } from "./canonical.ts";
import { holds, ownsNoMoreThan, project } from "./managed-fields.ts";

const ports = (...names: string[]) => names.map((name, index) => ({ name, port: 8000 + index, protocol: "TCP" }));

test("a live object may hold more than is wanted, in objects at any depth", () => {
  const live = { spec: { type: "LoadBalancer", clusterIP: "10.0.0.1", selector: { a: "b", c: "d" } } };
  assert.ok(holds(live, { spec: { type: "LoadBalancer", selector: { a: "b" } } }));
  assert.ok(!holds(live, { spec: { type: "ClusterIP" } }));
  assert.ok(!holds(live, { spec: { externalName: "x" } }));
  assert.ok(holds(live, { spec: { externalName: undefined } }));
});

test("list items are matched by name, whatever their order, and none may be too many", () => {
  const [a, b] = ports("a", "b");
  assert.ok(
    holds(
      [
        { ...b, nodePort: 30_001 },
        { ...a, nodePort: 30_002 },
      ],
      [a, b],
    ),
  );
  assert.ok(!holds([a, b], [a]));
  assert.ok(!holds([a], [a, b]));
  assert.ok(!holds([a, { ...b, port: 1 }], [a, b]));
  assert.ok(holds(["x", "y"], ["x", "y"]));
  assert.ok(!holds(["y", "x"], ["x", "y"]), "a list of arguments is no set");
});

test("everything holds itself, and what is projected from it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.ok(holds(value, value));
      assert.ok(jsonEqual(value, JSON.parse(JSON.stringify(value))));
    }),
  );
});

test("a projection keeps the wanted fields with the live values", () => {
  const live = {
    cpu: "1",
    memory: "1Gi",
    more: true,
    list: [
      { name: "b", x: 2, y: 0 },
      { name: "a", x: 1, y: 0 },
    ],
  };
  const wanted = {
    cpu: "1000m",
    list: [
      { name: "a", x: 9 },
      { name: "b", x: 9 },
    ],
  };
  assert.deepEqual(project(live, wanted), {
    cpu: "1",
    list: [
      { name: "a", x: 1 },
      { name: "b", x: 2 },
    ],
  });
});

const liveWith = (fieldsV1: unknown, entry: object = {}): ManagedObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", managedFields: [{ manager: "us", operation: "Apply", fieldsV1, ...entry }] },
});

/** As the API server writes it for a Service with two ports, a label and a finalizer. */
const FIELDS = {
  "f:metadata": { "f:labels": { "f:app": {} }, "f:finalizers": { 'v:"test.example/f"': {} } },
  "f:spec": { "f:ports": { 'k:{"port":8000,"protocol":"TCP"}': { ".": {}, "f:name": {}, "f:port": {} } } },
};
const WANTED = {
  metadata: { name: "s", labels: { app: "x" }, finalizers: ["test.example/f"] },
  spec: { ports: ports("a") },
};

test("what was applied and is still wanted covers our field set", () => {
  assert.ok(ownsNoMoreThan(liveWith(FIELDS), WANTED, "us"));
});

test("a field, a list item or a set's item that is no longer wanted does not", () => {
  assert.ok(!ownsNoMoreThan(liveWith(FIELDS), { ...WANTED, metadata: { ...WANTED.metadata, labels: {} } }, "us"));
  assert.ok(!ownsNoMoreThan(liveWith(FIELDS), { ...WANTED, metadata: { ...WANTED.metadata, finalizers: [] } }, "us"));
  assert.ok(!ownsNoMoreThan(liveWith(FIELDS), { ...WANTED, spec: { ports: [] } }, "us"));
});

test("what another manager applied, or we changed in another way, says nothing", () => {
  assert.ok(!ownsNoMoreThan(liveWith(FIELDS, { manager: "them" }), WANTED, "us"));
  assert.ok(!ownsNoMoreThan(liveWith(FIELDS, { operation: "Update" }), WANTED, "us"));
  assert.ok(!ownsNoMoreThan(liveWith(FIELDS, { subresource: "status" }), WANTED, "us"));
  assert.ok(!ownsNoMoreThan({ ...liveWith(FIELDS), metadata: { name: "s" } }, WANTED, "us"));
});

test("an element of an unknown form leads to an apply", () => {
  assert.ok(!ownsNoMoreThan(liveWith({ "f:spec": { "f:ports": { "i:0": {} } } }), WANTED, "us"));
});
