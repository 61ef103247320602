import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListenerSet, ParentReference } from "../../gateway-api/objects.ts";
import type { RouteStatusPlan } from "../../model/plan.ts";
import { gatewaysOf } from "./depends-on.ts";

function listenerSet(parentRef: ListenerSet["spec"]["parentRef"]): ListenerSet {
  const apiVersion = "gateway.networking.k8s.io/v1";
  return { apiVersion, kind: "ListenerSet", metadata: { name: "s", namespace: "team" }, spec: { parentRef } };
}

const sets: Readonly<Record<string, ListenerSet>> = {
  "team/near": listenerSet({ name: "g" }),
  "team/far": listenerSet({ name: "g", namespace: "infra" }),
  "team/loop": listenerSet({ kind: "ListenerSet", name: "loop" }),
};
const find = (key: string) => sets[key];

function ofParents(...parentRefs: readonly ParentReference[]): readonly string[] {
  const parents = parentRefs.map((parentRef) => ({ parentRef, conditions: [] }));
  const plan: RouteStatusPlan = { kind: "TCPRoute", namespace: "team", name: "r", generation: 1, parents };
  return gatewaysOf(plan, find);
}

test("a route depends on the Gateways it names, and on those of the ListenerSets it names", () => {
  assert.deepEqual(ofParents({ name: "g" }, { name: "g", namespace: "other" }), ["team/g", "other/g"]);
  assert.deepEqual(ofParents({ kind: "ListenerSet", name: "near" }, { kind: "ListenerSet", name: "far" }), [
    "team/g",
    "infra/g",
  ]);
});

test("what leads to no Gateway depends on none", () => {
  assert.deepEqual(ofParents({ kind: "ListenerSet", name: "missing" }, { kind: "ListenerSet", name: "loop" }), []);
  assert.deepEqual(ofParents({ kind: "Service", group: "", name: "s" }), []);
  assert.deepEqual(
    gatewaysOf({ kind: "GatewayClass", name: "c", generation: 1, conditions: [], supportedFeatures: [] }, find),
    [],
  );
});

test("a ListenerSet depends on its Gateway, a policy on its ancestors", () => {
  const common = { namespace: "team", generation: 1 };
  const set = { kind: "ListenerSet", name: "far", conditions: [], listeners: [], ...common } as const;
  assert.deepEqual(gatewaysOf(set, find), ["infra/g"]);
  const ancestors = [{ ancestorRef: { name: "g", namespace: "infra" }, conditions: [] }];
  assert.deepEqual(gatewaysOf({ kind: "BackendTLSPolicy", name: "p", ancestors, ...common }, find), ["infra/g"]);
});
