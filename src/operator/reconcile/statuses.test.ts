import assert from "node:assert/strict";
import { test } from "node:test";
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import { systemClock } from "../../loop/clock.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import type { RouteStatusPlan } from "../../model/plan.ts";
import { StatusWriter } from "./statuses.ts";

const NOW = "2026-01-01T00:00:00Z";
const parentRef = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "g" };
const desired = { type: "Accepted", status: "True", reason: "Accepted", message: "" } as const;
const parent = {
  parentRef,
  controllerName: CONTROLLER_NAME,
  conditions: [{ ...desired, observedGeneration: 1, lastTransitionTime: NOW }],
};

/** Routes whose status is as wanted. Each look at a status is counted: a merge cannot do without. */
function stage(count: number) {
  const state = { looks: 0 };
  const routes = new Map<string, KubernetesObject>();
  const route = (name: string): KubernetesObject & { readonly status: unknown } => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "TLSRoute",
    metadata: { namespace: "ns", name, uid: name },
    get status() {
      state.looks++;
      return { parents: [parent] };
    },
  });
  const plan = (name: string): RouteStatusPlan => ({
    kind: "TLSRoute",
    ...{ namespace: "ns", name, uid: name, generation: 1 },
    parents: [{ parentRef, conditions: [desired] }],
  });
  const names = Array.from({ length: count }, (_, i) => `r${i}`);
  for (const object of names.map(route)) routes.set(objectKey(object), object);
  const type = {
    group: "gateway.networking.k8s.io",
    version: "v1",
    kind: "TLSRoute",
    plural: "tlsroutes",
    namespaced: true,
  };
  const unasked = () => assert.fail("nothing is to be sent");
  const tlsRoutes = { type, get: (key: string) => routes.get(key) };
  const none = { type: undefined, get: () => undefined };
  const gateway = { gatewayClasses: none, gatewayParameters: none, gateways: none, listenerSets: none };
  const others = { tcpRoutes: none, httpRoutes: none, backendTlsPolicies: none };
  const writer = new StatusWriter({
    client: { get: unasked, put: unasked },
    informers: { ...gateway, ...others, tlsRoutes },
    events: { record: unasked },
    clock: systemClock,
    onRequest: unasked,
  });
  const write = (plans: readonly RouteStatusPlan[]) => writer.write(plans, new AbortController().signal);
  return { state, routes, route, plan, plans: names.map(plan), write };
}

test("what is as wanted is not looked at again while neither the plan nor the object is another", async () => {
  const { state, plans, write } = stage(5_000);
  assert.deepEqual(await write(plans), []);
  assert.ok(state.looks >= 5_000);
  state.looks = 0;
  assert.deepEqual(await write(plans), []);
  assert.equal(state.looks, 0);
});

test("another object or another plan is looked at, and only that", async () => {
  const { state, routes, route, plan, plans, write } = stage(3);
  await write(plans);
  state.looks = 0;
  routes.set("ns/r1", route("r1"));
  assert.deepEqual(await write(plans), []);
  const forOne = state.looks;
  assert.ok(forOne > 0);
  state.looks = 0;
  assert.deepEqual(await write(plans.with(2, plan("r2"))), []);
  assert.equal(state.looks, forOne);
});
