import assert from "node:assert/strict";
import { test } from "node:test";
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";
import { ManualClock } from "../../loop/manual-clock.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import type { GatewayStatusPlan, RouteStatusPlan, StatusPlan } from "../../model/plan.ts";
import { ApiError } from "../kube/api-error.ts";
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
    clock: new ManualClock(),
    random: () => 1,
    onWrite: unasked,
  });
  const write = async (plans: readonly RouteStatusPlan[]) =>
    (await writer.write(plans, new AbortController().signal)).failures;
  return { state, routes, route, plan, plans: names.map(plan), write, writer };
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
  const { state, routes, route, plan, plans, write, writer } = stage(3);
  await write(plans);
  state.looks = 0;
  routes.set("ns/r1", route("r1"));
  writer.touched("TLSRoute", "ns/r1");
  assert.deepEqual(await write(plans), []);
  const forOne = state.looks;
  assert.ok(forOne > 0);
  state.looks = 0;
  assert.deepEqual(await write(plans.with(2, plan("r2"))), []);
  assert.equal(state.looks, forOne);
});

/** How long the API server takes for a write: some five, sixteen at a time, are begun within 250 ms. */
const PUT_MS = 50;

interface WritingOptions {
  /** Default: PUT_MS for every kind. */
  readonly putMs?: (kind: string) => number;
  /** Namespace of a route. Default: `ns`. */
  readonly namespaceOf?: (route: number) => string;
}

/** A Gateway and routes whose statuses are written; the cache has them only when `deliver` is called, as the watch would. */
function writing(count: number, { putMs = () => PUT_MS, namespaceOf = () => "ns" }: WritingOptions = {}) {
  const clock = new ManualClock();
  const puts: {
    readonly kind: string;
    readonly namespace: string;
    readonly version: string;
    readonly routes?: number;
  }[] = [];
  const seen = { inFlight: 0, mostInFlight: 0, merges: 0 };
  const objects = new Map<string, KubernetesObject>();
  const onTheWay = new Map<string, KubernetesObject>();
  const type = (kind: string) => ({ group: "g", version: "v1", kind, plural: `${kind}s`, namespaced: true });
  const cache = (kind: string) => ({ type: type(kind), get: (key: string) => objects.get(`${kind} ${key}`) });
  const none = { type: undefined, get: () => undefined };
  const writer = new StatusWriter({
    client: {
      get: () => assert.fail("nobody else writes"),
      put: async <T extends KubernetesObject>(_: unknown, sent: KubernetesObject): Promise<T> => {
        const { kind, metadata, status } = sent as KubernetesObject & {
          status: { listeners?: [{ attachedRoutes: number }] };
        };
        const [listener] = status.listeners ?? [];
        const { resourceVersion: version = "", namespace = "" } = metadata;
        seen.mostInFlight = Math.max(seen.mostInFlight, ++seen.inFlight);
        await clock.advance(putMs(kind));
        seen.inFlight--;
        puts.push({ kind, namespace, version, ...(listener !== undefined && { routes: listener.attachedRoutes }) });
        const stored = { ...sent, metadata: { ...metadata, resourceVersion: `${Number(version) + 1}` } };
        onTheWay.set(`${kind} ${objectKey(sent)}`, stored);
        return stored as KubernetesObject as T;
      },
    },
    informers: {
      ...{
        gatewayClasses: none,
        gatewayParameters: none,
        listenerSets: none,
        tcpRoutes: none,
        httpRoutes: none,
        backendTlsPolicies: none,
      },
      gateways: cache("Gateway"),
      tlsRoutes: cache("TLSRoute"),
    },
    events: { record: () => false },
    clock,
    random: () => 1,
    onWrite: () => undefined,
  });
  const add = (kind: string, name: string, namespace = "ns") => {
    const metadata = { namespace, name, uid: name, resourceVersion: "1" };
    objects.set(`${kind} ${namespace}/${name}`, { apiVersion: "g/v1", kind, metadata });
  };
  const names = Array.from({ length: count }, (_, i) => `r${i}`);
  add("Gateway", "g");
  for (const [i, name] of names.entries()) add("TLSRoute", name, namespaceOf(i));
  const target = (name: string, namespace = "ns") => ({ namespace, name, uid: name, generation: 1 });
  const routes = names.map((name, i): RouteStatusPlan => {
    return { kind: "TLSRoute", ...target(name, namespaceOf(i)), parents: [{ parentRef, conditions: [desired] }] };
  });
  const gateway = (attachedRoutes: number, status: "True" | "False" = "True"): GatewayStatusPlan => ({
    kind: "Gateway",
    ...target("g"),
    ...{ addresses: [], attachedListenerSets: 0, conditions: [{ ...desired, status }] },
    listeners: [{ name: "l", supportedKinds: [], attachedRoutes, conditions: [] }],
  });
  const deliver = () => {
    for (const [id, written] of onTheWay) {
      const { status } = written as { readonly status?: unknown };
      const object = {
        ...written,
        get status() {
          seen.merges++;
          return status;
        },
      };
      objects.set(id, object);
      const [kind = "", key = ""] = id.split(" ");
      writer.touched(kind, key);
    }
    onTheWay.clear();
  };
  const write = (plans: readonly StatusPlan[]) => writer.write(plans, new AbortController().signal);
  return { clock, puts, seen, routes, gateway, deliver, write };
}

test("numbers of routes alone are written five times a second at most; what else a Gateway says, at once", async () => {
  const { clock, puts, gateway, deliver, write } = writing(0);
  const counted = () => puts.map(({ routes }) => routes);
  assert.deepEqual(await write([gateway(1)]), { failures: [] });
  deliver();
  assert.deepEqual(await write([gateway(2)]), { failures: [], leftForMs: 200 });
  await clock.advance(150);
  const last = gateway(3);
  assert.deepEqual(await write([last]), { failures: [], leftForMs: 50 });
  assert.deepEqual(counted(), [1]);
  await clock.advance(50);
  assert.deepEqual(await write([last]), { failures: [] });
  assert.deepEqual(counted(), [1, 3]);
  deliver();
  assert.deepEqual(await write([gateway(4, "False")]), { failures: [] });
  assert.deepEqual(counted(), [1, 3, 4]);
});

test("a status that the watch has not brought back yet is written on, not in conflict with itself, and not twice", async () => {
  const { clock, puts, gateway, deliver, write } = writing(0);
  await write([gateway(1)]);
  await clock.advance(200);
  await write([gateway(2)]);
  assert.deepEqual(
    puts.map(({ version }) => version),
    ["1", "2"],
  );
  await clock.advance(200);
  await write([gateway(2)]);
  deliver();
  await write([gateway(2)]);
  assert.equal(puts.length, 2);
});

test("many routes are written in parts, each status once, and a Gateway does not wait for all of them", async () => {
  const { puts, routes, gateway, deliver, write } = writing(200);
  assert.equal((await write([gateway(100), ...routes])).leftForMs, 0);
  const inOneGo = puts.length;
  assert.ok(inOneGo >= 20 && inOneGo <= 100, `${inOneGo} writes`);
  assert.equal(puts[0]?.kind, "Gateway");
  deliver();
  const last = [gateway(200), ...routes];
  assert.equal((await write(last)).leftForMs, 0);
  assert.equal(puts[inOneGo]?.kind, "Gateway");
  for (let rounds = 0; rounds < 10; rounds++) {
    deliver();
    await write(last);
  }
  assert.deepEqual(await write(last), { failures: [] }, "nothing is left");
  assert.equal(puts.filter(({ kind }) => kind === "Gateway").length, 2);
  assert.equal(puts.filter(({ kind }) => kind === "TLSRoute").length, 200);
});

test("a slow write of a Gateway leaves the routes of the same round their time", async () => {
  const { puts, routes, gateway, write } = writing(100, { putMs: (kind) => (kind === "Gateway" ? 1_000 : PUT_MS) });
  await write([gateway(100), ...routes]);
  assert.equal(puts[0]?.kind, "Gateway");
  assert.ok(puts.length > 16, `${puts.length} writes`);
});

test("at most 16 statuses are in flight", async () => {
  const { seen, routes, write } = writing(200);
  await write(routes);
  assert.equal(seen.mostInFlight, 16);
});

test("the few statuses of one namespace do not wait for the thousands of another", async () => {
  const namespaceOf = (route: number) => (route < 5_000 ? "big" : "small");
  const { puts, routes, write } = writing(5_003, { namespaceOf });
  assert.equal((await write(routes)).leftForMs, 0);
  assert.ok(puts.length < 200, `${puts.length} writes`);
  assert.equal(puts.filter(({ namespace }) => namespace === "small").length, 3);
});

test("what the watch returns of an own write is not compared again", async () => {
  const { puts, seen, routes, deliver, write } = writing(3);
  await write(routes);
  deliver();
  assert.deepEqual(await write(routes), { failures: [] });
  assert.deepEqual([puts.length, seen.merges], [3, 0]);
});

test("a status that is rejected fails no round, and is tried again with backoff or when its plan is another", async () => {
  const clock = new ManualClock();
  const puts: string[] = [];
  const refused: number[] = [];
  const type = { group: "g", version: "v1", kind: "TLSRoute", plural: "tlsroutes", namespaced: true };
  const objects = new Map(
    ["bad", "good"].map((name) => {
      const metadata = { namespace: "ns", name, uid: name, generation: 1 };
      return [`ns/${name}`, { apiVersion: "g/v1", kind: "TLSRoute", metadata }];
    }),
  );
  const none = { type: undefined, get: () => undefined };
  const writer = new StatusWriter({
    client: {
      get: () => assert.fail("there is no conflict"),
      put: async <T extends KubernetesObject>(_: unknown, sent: KubernetesObject): Promise<T> => {
        puts.push(sent.metadata.name);
        if (sent.metadata.name === "bad") throw new ApiError({ type: "Forbidden" }, "403", undefined, "denied");
        return sent as T;
      },
    },
    informers: {
      ...{ gatewayClasses: none, gatewayParameters: none, gateways: none, listenerSets: none },
      ...{ tcpRoutes: none, httpRoutes: none, backendTlsPolicies: none },
      tlsRoutes: { type, get: (key: string) => objects.get(key) },
    },
    events: { record: () => false },
    clock,
    random: () => 1,
    onWrite: () => undefined,
    onRefused: ({ failures }) => refused.push(failures),
  });
  const plan = (name: string): RouteStatusPlan => ({
    kind: "TLSRoute",
    ...{ namespace: "ns", name, uid: name, generation: 1 },
    parents: [{ parentRef, conditions: [desired] }],
  });
  const plans = [plan("bad"), plan("good")];
  const write = () => writer.write(plans, new AbortController().signal);
  for (let round = 0; round < 100; round++) {
    const { failures, leftForMs } = await write();
    assert.deepEqual(failures, []);
    assert.ok(leftForMs !== undefined && leftForMs > 0 && leftForMs <= 8_000, "the next try is due then");
    await clock.advance(100);
  }
  assert.deepEqual(puts, ["bad", "good", "bad", "bad", "bad"], "at 0, 1, 3 and 7 s");
  assert.deepEqual([refused, writer.waiting], [[1, 2, 3, 4], 1]);
  await writer.write(plans.with(0, plan("bad")), new AbortController().signal);
  assert.deepEqual([puts.length, refused.at(-1)], [6, 1], "another plan is tried at once, and counts from one");
});
