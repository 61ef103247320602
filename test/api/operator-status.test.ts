/**
 * Statuses at a real API server, as the operator writes them: from its informers' caches, with the rights that the manifest
 * gives it and no others, beside another controller that writes into the same objects.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "../../src/gateway-api/objects.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { CONTROLLER_NAME, FIELD_MANAGER } from "../../src/model/identity.ts";
import type { StatusPlan } from "../../src/model/plan.ts";
import type { Cache } from "../../src/operator/informer/cache.ts";
import type { OperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { EVENTS } from "../../src/operator/kube/resource.ts";
import { ProxyReports } from "../../src/operator/observe/proxies.ts";
import { SettledPorts } from "../../src/operator/observe/settled-ports.ts";
import { takeSnapshot } from "../../src/operator/observe/snapshot.ts";
import { StatusWriter } from "../../src/operator/reconcile/statuses.ts";
import { EventRecorder } from "../../src/operator/write/events.ts";
import type { Write } from "../../src/operator/write/outcome.ts";
import { Translator } from "../../src/translate/translator.ts";
import { waitFor } from "../support/wait-for.ts";
import { condition, FOREIGN, ForeignController, fresh, type StatusObject } from "./foreign-controller.ts";
import { createInformers, type Fixture, SILENT, startWithGatewayApi } from "./operator-fixture.ts";

let api: Fixture;
let informers: OperatorInformers;
let events: EventRecorder;
/** Kinds of the status writes that were sent. */
let sent: string[] = [];
let writer: StatusWriter;

before(async () => {
  api = await startWithGatewayApi({ channel: "experimental" });
  const client = await api.operatorClient();
  const common = { client, clock: systemClock, log: SILENT };
  ({ informers } = createInformers(client));
  informers.start();
  await informers.whenAllSynced;
  events = new EventRecorder({ ...common, controller: CONTROLLER_NAME, instance: "replica-1" });
  const onWrite = ({ kind }: Write) => sent.push(kind);
  writer = new StatusWriter({ ...common, random: Math.random, informers: informers.of, events, onWrite });
  informers.onChange((kind, key) => writer.touched(kind, key));
});
after(async () => {
  await informers?.stop();
  await api?.stop();
});

/** All that is due, in as many goes as it takes; resolves with what failed in the last. */
async function write(plans: readonly StatusPlan[]): Promise<readonly unknown[]> {
  for (let go = 0; go < 1_000; go++) {
    const { failures, leftForMs } = await writer.write(plans, new AbortController().signal);
    if (failures.length > 0 || leftForMs === undefined) return failures;
    await sleep(leftForMs);
  }
  return assert.fail("something is always left");
}
const yaml = (kind: string, name: string, spec: string, namespace = "default") => `
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}${kind === "GatewayClass" ? "" : `, namespace: ${namespace}`} }
spec: ${spec}
`;
const GATEWAY =
  "{ gatewayClassName: fsm, listeners: [{ name: tls, port: 443, protocol: TLS, tls: { mode: Passthrough } }] }";
const ROUTE = "{ parentRefs: [{ name: gw }], hostnames: [a.test], rules: [{ backendRefs: [{ name: b, port: 1 }] }] }";
const POLICY = `{ targetRefs: [{ group: "", kind: Service, name: b }], validation: { hostname: b.test, wellKnownCACertificates: System } }`;

const freshOf = (cache: Cache, object: Pick<KubernetesObject, "metadata">) => fresh(api.client, cache, object);
/** Kinds and reasons of what was told of the objects of a name. */
async function eventsOf(name: string): Promise<string[]> {
  await events.flush();
  const { items } = await api.client.list<KubernetesObject & Told>(EVENTS, { namespace: "default" });
  return items.filter(({ regarding }) => regarding.name === name).map((e) => `${e.regarding.kind} ${e.reason}`);
}

interface Told {
  readonly reason: string;
  readonly regarding: { readonly kind: string; readonly name: string };
}

/** As the cache has it, once it has it. */
function cached(cache: Cache, name: string): Promise<StatusObject> {
  return waitFor(`${cache.kind} ${name} is seen`, () => cache.get(name) as StatusObject | undefined);
}

/** What we want said of an object of any of the kinds in which others have a say. */
function planFor({ kind, metadata }: KubernetesObject, message: string): StatusPlan {
  const { namespace = "", name, uid = "", generation = 1 } = metadata;
  const target = { namespace, name, uid, generation };
  const conditions = [{ type: "Accepted", status: "True", reason: "Accepted", message } as const];
  const ref = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "gw" };
  switch (kind) {
    case "TLSRoute":
    case "TCPRoute":
      return { kind, ...target, parents: [{ parentRef: ref, conditions }] };
    case "BackendTLSPolicy":
      return { kind, ...target, ancestors: [{ ancestorRef: ref, conditions }] };
    case "ListenerSet":
      return { kind, ...target, conditions, listeners: [] };
    case "Gateway":
      return { kind, ...target, conditions, addresses: [], listeners: [], attachedListenerSets: 1 };
    default:
      throw new Error(`no plan for ${kind}`);
  }
}

test("1,000 of our writes leave untouched what another controller writes into the same objects in between", async (t) => {
  const kinds = ["TLSRoute", "TCPRoute", "BackendTLSPolicy", "ListenerSet", "Gateway"] as const;
  const specs = {
    TLSRoute: ROUTE,
    TCPRoute: "{ parentRefs: [{ name: gw }], rules: [{ backendRefs: [{ name: b, port: 1 }] }] }",
    BackendTLSPolicy: POLICY,
    ListenerSet: "{ parentRef: { name: gw }, listeners: [{ name: l, port: 1, protocol: TCP }] }",
    Gateway: GATEWAY,
  };
  const { tlsRoutes, tcpRoutes, backendTlsPolicies, listenerSets, gateways } = informers.of;
  const caches = [tlsRoutes, tcpRoutes, backendTlsPolicies, listenerSets, gateways];
  await api.applyYaml(kinds.flatMap((k) => ["a", "b"].map((n) => yaml(k, `shared-${n}`, specs[k]))).join("---"));
  const targets = await Promise.all(
    caches.flatMap((cache) =>
      ["a", "b"].map(async (n) => ({ cache, object: await cached(cache, `default/shared-${n}`) })),
    ),
  );
  const foreign = targets.map(({ cache, object }) => new ForeignController(api.client, cache, object));
  const state = { isDone: false };
  const theirs = foreign.map(async (controller) => {
    while (!state.isDone) {
      await controller.turn();
      await sleep(50);
    }
  });
  sent = [];
  for (let round = 1; round <= 100; round++) {
    const plans = targets.map(({ object }) => planFor(object, `ours ${round}`));
    assert.deepEqual(await write(plans), []);
  }
  state.isDone = true;
  await Promise.all(theirs);

  assert.ok(sent.length >= 1_000, `${sent.length} writes were sent`);
  for (const [i, { cache, object }] of targets.entries()) {
    const { status = {} } = await freshOf(cache, object);
    const entries = status.parents ?? status.ancestors;
    const ours = entries?.find(({ controllerName }) => controllerName === CONTROLLER_NAME)?.conditions;
    const accepted = (ours ?? status.conditions ?? []).find(({ type }) => type === "Accepted");
    assert.equal(accepted?.message, "ours 100", object.kind);
    await foreign[i]?.check();
  }
  const transitions = kinds.map((kind) => `${kind} Accepted`).sort();
  assert.deepEqual((await eventsOf("shared-a")).sort(), transitions, "told once, though written a hundred times");
  const written = foreign.map(({ writes }) => writes);
  assert.ok(Math.min(...written) >= 5, `the other controller wrote in between: ${written}`);
  t.diagnostic(`${sent.length} writes sent, ${sent.length - 1_000} of them into a conflict; theirs: ${written}`);
});

test("nothing is sent for what is said already, whether the plan is the same or made anew", async () => {
  await api.applyYaml(yaml("TLSRoute", "same", ROUTE));
  const route = await cached(informers.of.tlsRoutes, "default/same");
  const plan = planFor(route, "fine");
  sent = [];
  assert.deepEqual(await write([plan]), []);
  assert.deepEqual(await write([plan]), [], "though the cache may not have it yet");
  await waitFor(
    "the cache has it",
    () => (informers.of.tlsRoutes.get("default/same")?.status?.parents ?? []).length > 0,
  );
  assert.deepEqual(await write([plan]), []);
  assert.deepEqual(await write([planFor(route, "fine")]), []);
  assert.deepEqual(sent, ["TLSRoute"]);
});

test("where others have filled the status, theirs stay and an Event says so", async () => {
  await api.applyYaml(yaml("BackendTLSPolicy", "full", POLICY));
  const { backendTlsPolicies } = informers.of;
  const policy = await cached(backendTlsPolicies, "default/full");
  const ancestors = Array.from({ length: 16 }, (_, i) => ({
    ancestorRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: `g${i}` },
    controllerName: FOREIGN,
    conditions: [condition("Accepted", "theirs")],
  }));
  assert.ok(backendTlsPolicies.type !== undefined);
  const filled = { ...policy, status: { ancestors } };
  await api.client.put(backendTlsPolicies.type, filled as KubernetesObject, { subresource: "status" });
  await waitFor("the cache has it", () => backendTlsPolicies.get("default/full")?.status?.ancestors?.length === 16);
  assert.deepEqual(await write([planFor(policy, "fine")]), []);
  assert.deepEqual((await freshOf(backendTlsPolicies, policy)).status?.ancestors, ancestors);
  assert.deepEqual(await eventsOf("full"), ["BackendTLSPolicy StatusFull"]);
});

/** Everything from the caches to the statuses, as in a pass; nothing runs. */
function passes() {
  const translator = new Translator();
  const reports = new ProxyReports(() => systemClock.nowMs());
  const ports = new SettledPorts(
    () => systemClock.nowMs(),
    () => undefined,
  );
  const settings = { controllerName: CONTROLLER_NAME };
  return async () => {
    const { snapshot } = takeSnapshot(informers, reports, ports, "v1.6.3", () => [], settings, FIELD_MANAGER);
    assert.deepEqual(await write(translator.translate(snapshot).statuses), []);
  };
}

test("two classes of ours are both served, another's is left alone; classes are written before Gateways, those before routes", async () => {
  const { gatewayClasses, gateways, tlsRoutes } = informers.of;
  const inTeam = (kind: string, name: string, spec: string) => yaml(kind, name, spec, "team");
  await api.applyYaml("apiVersion: v1\nkind: Namespace\nmetadata: { name: team }\n");
  await api.applyYaml(
    [
      ...["fsm", "second"].map((name) => yaml("GatewayClass", name, `{ controllerName: ${CONTROLLER_NAME} }`)),
      yaml("GatewayClass", "theirs", `{ controllerName: ${FOREIGN} }`),
      inTeam("Gateway", "gw", GATEWAY.replace("fsm", "second")),
      inTeam("Gateway", "theirs", GATEWAY.replace("fsm", "theirs")),
      inTeam("TLSRoute", "r", ROUTE.replace("{ name: gw }", "{ name: gw }, { name: theirs }")),
    ].join("---"),
  );
  const route = await cached(tlsRoutes, "team/r");
  const pass = passes();
  sent = [];
  await pass();
  const before: Readonly<Record<string, number>> = { GatewayClass: 0, Gateway: 1, ListenerSet: 1 };
  const ranks = sent.map((kind) => before[kind] ?? 2);
  assert.deepEqual(ranks, ranks.toSorted(), `${sent}`);
  for (const name of ["fsm", "second"]) {
    const { status } = await freshOf(gatewayClasses, { metadata: { name } });
    const types = status?.conditions?.map(({ type, status: is }) => `${type}=${is}`);
    assert.deepEqual(types, ["Accepted=True", "SupportedVersion=True"]);
    assert.ok((status?.supportedFeatures?.length ?? 0) > 0);
  }
  const reasonOf = ({ status }: StatusObject) => status?.conditions?.find(({ type }) => type === "Accepted")?.reason;
  assert.equal(reasonOf(await freshOf(gatewayClasses, { metadata: { name: "theirs" } })), "Pending");
  const ofTeam = (name: string) => freshOf(gateways, { metadata: { name, namespace: "team" } });
  assert.equal(reasonOf(await ofTeam("gw")), "Accepted");
  assert.equal(reasonOf(await ofTeam("theirs")), "Pending");
  const { status } = await freshOf(tlsRoutes, route);
  assert.deepEqual(
    status?.parents?.map(({ controllerName }) => controllerName),
    [CONTROLLER_NAME],
  );
});

test("a Gateway that moves to another controller's class, or goes, takes our entry from its route and no other's", async () => {
  const { gateways, tlsRoutes } = informers.of;
  const route = await cached(tlsRoutes, "team/r");
  const foreign = new ForeignController(api.client, tlsRoutes, route);
  await waitFor("the other controller has its say", async () => {
    await foreign.turn();
    return foreign.writes > 0;
  });
  const controllersOf = async () =>
    (await freshOf(tlsRoutes, route)).status?.parents?.map((p) => p.controllerName).sort();
  const current = async () => {
    const { metadata } = await freshOf(tlsRoutes, route);
    await waitFor(
      "the route is seen",
      () => tlsRoutes.get("team/r")?.metadata.resourceVersion === metadata.resourceVersion,
    );
  };
  const pass = passes();
  const move = async (gatewayClassName: string) => {
    await api.applyYaml(yaml("Gateway", "gw", GATEWAY.replace("fsm", gatewayClassName), "team"));
    await waitFor("the move is seen", () => gateways.get("team/gw")?.spec.gatewayClassName === gatewayClassName);
    await current();
    await pass();
  };
  await move("theirs");
  const left = await freshOf(gateways, { metadata: { name: "gw", namespace: "team" } });
  assert.deepEqual(await controllersOf(), [FOREIGN]);
  await pass();
  assert.equal(
    (await freshOf(gateways, left)).metadata.resourceVersion,
    left.metadata.resourceVersion,
    "the Gateway is its new controller's business",
  );
  await move("fsm");
  assert.deepEqual(await controllersOf(), [CONTROLLER_NAME, FOREIGN]);

  assert.ok(gateways.type !== undefined);
  await api.client.delete(gateways.type, { namespace: "team", name: "gw" });
  await waitFor("it is gone", () => gateways.get("team/gw") === undefined);
  await current();
  await pass();
  assert.deepEqual(await controllersOf(), [FOREIGN]);
  await foreign.check();
});
