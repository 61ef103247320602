import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  GatewayParametersStatusPlan,
  GatewayStatusPlan,
  ListenerSetStatusPlan,
  PolicyStatusPlan,
  RouteStatusPlan,
} from "../../model/plan.ts";
import { mergeConditions, mergeStatus, statusTime } from "./merge.ts";

const before = "2026-01-01T00:00:00Z";
const context = { controllerName: "ours", now: "2026-01-02T00:00:00Z" };
const desired = { type: "Accepted", status: "True", reason: "Accepted", message: "" } as const;
const plan: RouteStatusPlan = {
  kind: "TLSRoute",
  name: "r",
  generation: 2,
  parents: [{ parentRef: { name: "g", port: 8000 }, conditions: [desired] }],
};

const renewal = { generation: 2, now: context.now };
const known = (type: string) => ({ ...desired, type, lastTransitionTime: before });
const typesOf = (conditions: unknown) => (conditions as readonly { type: string }[]).map(({ type }) => type);

interface Entry {
  readonly parentRef?: object;
  readonly controllerName: string;
  readonly conditions: readonly object[];
}

test("lastTransitionTime stays while the status stays, and moves when it flips", () => {
  const old = [{ ...desired, reason: "Other", observedGeneration: 1, lastTransitionTime: before }];
  const [same] = mergeConditions(old, [desired], renewal);
  assert.deepEqual(same, { ...desired, observedGeneration: 2, lastTransitionTime: before });
  const [flipped] = mergeConditions(old, [{ ...desired, status: "False" }], renewal);
  assert.equal(flipped?.lastTransitionTime, context.now);
});

test("a message is at most as long as the API allows, because one that is longer makes it reject the whole status", () => {
  const messages = [32_768, 32_769].map((length) => "x".repeat(length));
  const merged = messages.map((message) => mergeConditions([], [{ ...desired, message }], renewal)[0]?.message);
  assert.deepEqual(merged, [messages[0], `${"x".repeat(32_767)}…`]);
});

test("a condition of ours that is no longer wanted goes, one of another type stays, also in the entries", () => {
  const gateway: GatewayStatusPlan = {
    kind: "Gateway",
    name: "g",
    generation: 2,
    conditions: [desired],
    addresses: [],
    listeners: [{ name: "l", supportedKinds: [], attachedRoutes: 0, conditions: [desired] }],
    attachedListenerSets: 0,
  };
  const types = ["example.com/Audited", "Accepted", "ResolvedRefs", "InsecureFrontendValidationMode", "Audited"];
  const listener = { name: "l", conditions: ["Theirs", "OverlappingTLSConfig"].map(known) };
  const merged = mergeStatus(gateway, { conditions: types.map(known), listeners: [listener] }, context);
  assert.deepEqual(typesOf(merged.conditions), ["example.com/Audited", "Accepted", "Audited"]);
  assert.deepEqual((merged.conditions as unknown[])[0], known("example.com/Audited"));
  const [entry] = merged.listeners as readonly Entry[];
  assert.deepEqual(typesOf(entry?.conditions), ["Theirs", "Accepted"]);

  const old = { ...plan.parents[0], controllerName: "ours", conditions: ["Theirs", "ResolvedRefs"].map(known) };
  const [parent] = mergeStatus(plan, { parents: [old] }, context).parents as readonly Entry[];
  assert.deepEqual(typesOf(parent?.conditions), ["Theirs", "Accepted"]);
});

test("others' conditions keep their room: the API server takes eight", () => {
  const foreign = Array.from({ length: 7 }, (_, index) => known(`example.com/Type${index}`));
  const merged = mergeConditions(foreign, [desired, { ...desired, type: "Programmed" }], renewal);
  assert.deepEqual(merged.slice(0, 7), foreign);
  assert.deepEqual(typesOf(merged.slice(7)), ["Accepted"]);
});

test("entries of other controllers are kept where they are, our stale ones go", () => {
  const theirs = { parentRef: { name: "x" }, controllerName: "theirs", conditions: [] };
  const stale = { parentRef: { name: "gone" }, controllerName: "ours", conditions: [] };
  const merged = mergeStatus(plan, { parents: [stale, theirs] }, context).parents as Entry[];
  assert.deepEqual(merged[0], theirs);
  assert.deepEqual(
    merged.slice(1).map(({ parentRef }) => parentRef),
    [{ name: "g", port: 8000 }],
  );
  const swapped = { parents: merged.toReversed() };
  assert.deepEqual(mergeStatus(plan, swapped, context), swapped, "no fight about who is last");
  const none: RouteStatusPlan = { ...plan, parents: [] };
  assert.deepEqual(mergeStatus(none, swapped, context), { parents: [theirs] });
});

test("an entry whose reference has its defaults written out is the same entry", () => {
  const group = "gateway.networking.k8s.io";
  const stored = { parentRef: { group, kind: "Gateway", name: "g", port: 8000 }, controllerName: "ours" };
  const merged = mergeStatus(plan, { parents: [{ ...stored, conditions: [known("Accepted")] }] }, context);
  const [entry, ...rest] = merged.parents as Entry[];
  assert.deepEqual(entry?.parentRef, stored.parentRef);
  assert.deepEqual(rest, []);
  assert.deepEqual(entry?.conditions, [{ ...known("Accepted"), observedGeneration: 2 }]);
});

test("others' entries are never pushed out: 32 parents, 16 ancestors", () => {
  const foreign = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ controllerName: "theirs", [`ref${index}`]: index, conditions: [] }));
  const parents = foreign(32);
  assert.deepEqual(mergeStatus(plan, { parents }, context), { parents });

  const policy: PolicyStatusPlan = {
    kind: "BackendTLSPolicy",
    name: "p",
    generation: 1,
    ancestors: ["a", "b"].map((name) => ({ ancestorRef: { name }, conditions: [desired] })),
  };
  const merged = mergeStatus(policy, { ancestors: foreign(15) }, context).ancestors as Entry[];
  assert.deepEqual(merged.slice(0, 15), foreign(15));
  assert.equal(merged.length, 16);
  assert.equal(merged[15]?.controllerName, "ours");
  assert.deepEqual(mergeStatus(policy, { ancestors: merged }, context), { ancestors: merged });
});

test("a count of ListenerSets is written where there is one to tell", () => {
  const gateway: GatewayStatusPlan = {
    kind: "Gateway",
    name: "g",
    generation: 1,
    conditions: [],
    addresses: [],
    listeners: [],
    attachedListenerSets: 0,
  };
  assert.equal("attachedListenerSets" in mergeStatus(gateway, {}, context), false);
  assert.equal(mergeStatus({ ...gateway, attachedListenerSets: 2 }, {}, context).attachedListenerSets, 2);
  assert.equal(mergeStatus(gateway, { attachedListenerSets: 2 }, context).attachedListenerSets, 0);
});

test("a ListenerSet has its own conditions and its listeners'", () => {
  const listenerSet: ListenerSetStatusPlan = {
    kind: "ListenerSet",
    name: "s",
    generation: 3,
    conditions: [desired],
    listeners: [{ name: "new", supportedKinds: [], attachedRoutes: 1, conditions: [desired] }],
  };
  const merged = mergeStatus(listenerSet, { conditions: [known("Theirs")], listeners: [{ name: "old" }] }, context);
  const accepted = { ...desired, observedGeneration: 3, lastTransitionTime: context.now };
  assert.deepEqual(merged, {
    conditions: [known("Theirs"), accepted],
    listeners: [{ name: "new", supportedKinds: [], attachedRoutes: 1, conditions: [accepted] }],
  });
});

test("merging twice changes nothing", () => {
  const once = mergeStatus(plan, undefined, context);
  assert.deepEqual(mergeStatus(plan, once, { ...context, now: "2030-01-01T00:00:00Z" }), once);
});

test("the same Gateway on two ports keeps two entries with their own times", () => {
  const two: RouteStatusPlan = {
    ...plan,
    parents: [
      { parentRef: { name: "g", port: 1 }, conditions: [desired] },
      { parentRef: { name: "g", port: 2 }, conditions: [{ ...desired, status: "False" }] },
    ],
  };
  const once = mergeStatus(two, undefined, { ...context, now: before });
  assert.deepEqual(mergeStatus(two, once, context), once);
});

test("a class keeps every condition of others and of versions before, and tells its features", () => {
  const status = {
    conditions: ["SupportedVersion", "example.com/Audited"].map(known),
    supportedFeatures: [{ name: "Old" }],
  };
  const gatewayClass = { kind: "GatewayClass", name: "fsm", generation: 2, conditions: [desired] } as const;
  const merged = mergeStatus({ ...gatewayClass, supportedFeatures: ["Gateway", "TLSRoute"] }, status, context);
  assert.deepEqual(typesOf(merged.conditions), ["SupportedVersion", "example.com/Audited", "Accepted"]);
  assert.deepEqual(merged.supportedFeatures, [{ name: "Gateway" }, { name: "TLSRoute" }]);
});

test("parameters keep others' conditions, and tell who uses them", () => {
  const parameters: GatewayParametersStatusPlan = {
    ...{ kind: "GatewayParameters", namespace: "ns", name: "p", generation: 2 },
    conditions: [desired],
    gateways: 1,
    gatewayNames: ["ns/g"],
  };
  const status = mergeStatus(parameters, { conditions: [known("Theirs")], gateways: 7 }, context);
  assert.deepEqual(typesOf(status.conditions), ["Theirs", "Accepted"]);
  assert.equal(status.gateways, 1);
  assert.deepEqual(status.gatewayNames, ["ns/g"]);
  assert.deepEqual(mergeStatus(parameters, status, context), status);
});

test("a time is written in whole seconds", () => {
  assert.equal(statusTime(new Date("2026-01-02T03:04:05.678Z")), "2026-01-02T03:04:05Z");
});
