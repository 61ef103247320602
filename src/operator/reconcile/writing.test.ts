import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { SILENT } from "../../loop/silent-log.ts";
import type { GatewayPlan, StatusPlan } from "../../model/plan.ts";
import { EMPTY_REVISION } from "../../model/revision.ts";
import { gateway, OUR_CLASS } from "../../translate/testing/world.ts";
import { ApiError, retryAfterMs } from "../kube/api-error.ts";
import type { ApplyReport } from "../write/apply-report.ts";
import type { EventMessage } from "../write/events.ts";
import type { StatusReport } from "./statuses.ts";
import { Writing } from "./writing.ts";

const ours = gateway("g", []);
const lost = { ...gateway("lost", []), spec: { gatewayClassName: "nobody's", listeners: [] } };
const plan: GatewayPlan = {
  ...{ namespace: "shop", name: "g", uid: "gateway-g", gatewayClassName: "fsm", labels: {}, annotations: {} },
  ports: [{ name: "tls", port: 443 }],
  parameters: {},
  config: { revision: EMPTY_REVISION, resources: new Map() },
};
const UNCHANGED: ApplyReport = { applied: 0, unchanged: 7, deleted: 0, foreign: [], refused: [], failures: [] };
const owner = { kind: "Gateway", name: "g", uid: "gateway-g", controller: true };
const refusedObject = {
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: { name: "fsm-gateway-g", namespace: "shop", ownerReferences: [owner] },
};

/** One writing whose applier and status writer answer as told, with what was asked of them. */
function stage() {
  const state = {
    plan,
    report: UNCHANGED,
    statuses: { failures: [] } as StatusReport,
    isNews: false,
    applied: [] as (readonly KubernetesObject[])[],
    released: new Set<string>(),
    prunable: [] as string[],
    rounds: [] as string[],
    events: [] as string[],
    statusWrites: 0,
    written: [] as (readonly StatusPlan[])[],
    statusPlans: [] as readonly StatusPlan[],
    waiting: new Set<string>() as ReadonlySet<string>,
    left: [] as number[],
    heldKinds: [] as string[],
    rejected: [] as (readonly string[])[],
    recheckInMs: undefined as number | undefined,
  };
  const cache = (objects: readonly KubernetesObject[] = []) => ({
    items: () => objects as never[],
    get: (key: string) => objects.find(({ metadata }) => metadata.name === key) as never,
  });
  const writing = new Writing({
    log: SILENT,
    informers: {
      of: { gateways: cache(), gatewayClasses: cache([OUR_CLASS]), listenerSets: cache(), namespaces: cache() },
    },
    published: () => ({
      plan: { gateways: new Map([["shop/g", state.plan]]), statuses: state.statusPlans, released: state.released },
      gateways: [ours, lost],
      silent: new Map(),
      waiting: state.waiting,
      publications: new Map(),
    }),
    acknowledgements: { wait: async () => undefined },
    trail: { beginWriting: () => ({ end: (outcome) => void state.rounds.push(outcome) }) },
    pacer: {
      pace: (objects) => ({
        objects: objects.filter(({ kind }) => !state.heldKinds.includes(kind)),
        ...(state.recheckInMs !== undefined && { recheckInMs: state.recheckInMs }),
      }),
      onRejected: (gateways) => void state.rejected.push([...gateways]),
    },
    applier: {
      reconcile: async (wanted, { prunableOwners = new Set<string>() } = {}) => {
        state.applied.push(wanted);
        state.prunable = [...prunableOwners];
        return state.report;
      },
      cancel: () => undefined,
    },
    statuses: {
      write: async (plans) => {
        state.statusWrites++;
        state.written.push(plans);
        return state.statuses;
      },
    },
    events: {
      record: ({ metadata }: KubernetesObject, { reason }: EventMessage) => {
        state.events.push(`${metadata.name} ${reason}`);
        return true;
      },
    },
    pod: { image: "image", operatorNamespace: "fsm-gateway-system" },
    caBundle: () => "authority",
    mayBeAwaited: () => false,
    onRefusals: () => state.isNews,
    onLeft: (inMs) => void state.left.push(inMs),
  });
  return { state, run: () => writing.run(new AbortController().signal) };
}

test("a round applies, writes statuses, tells what has no status, and says when the rest is due", async () => {
  const { state, run } = stage();
  state.report = { ...UNCHANGED, foreign: [refusedObject], retryInMs: 1_000 };
  state.statuses = { failures: [], leftForMs: 200 };
  await run();
  assert.deepEqual(state.events, ["g NameTaken", "lost GatewayClassNotFound"]);
  assert.deepEqual([state.statusWrites, state.left, state.rounds], [1, [200], ["succeeded"]]);
});

test("what is to run is the same objects while nothing of it has changed, whatever the routes do", async () => {
  const { state, run } = stage();
  await run();
  state.plan = { ...plan, config: { revision: "1", resources: new Map() } };
  await run();
  state.plan = { ...plan, ports: [...plan.ports, { name: "more", port: 8443 }] };
  await run();
  const [first = [], second = [], third = []] = state.applied;
  assert.ok(first.length > 3);
  assert.ok(first.every((object, i) => object === second[i]));
  assert.ok(second.every((object) => !third.includes(object)));
});

test("when a refusal leads to another plan its statuses are not written, and the rest is done all the same", async () => {
  const { state, run } = stage();
  state.isNews = true;
  state.report = {
    ...UNCHANGED,
    refused: [{ object: refusedObject, message: "quota", failures: 1 }],
    failures: [new Error("the connection was reset")],
    foreign: [refusedObject],
  };
  await assert.rejects(run(), /^AggregateError: 1 writes failed: the connection was reset$/);
  assert.equal(state.statusWrites, 0);
  assert.ok(state.events.includes("lost GatewayClassNotFound") && state.events.includes("g NameTaken"));
  assert.deepEqual(state.rounds, ["failed"]);

  state.isNews = false;
  await assert.rejects(run());
  assert.equal(state.statusWrites, 1);
});

test("a status that could not be written fails the round, to be repeated", async () => {
  const { state, run } = stage();
  state.statuses = { failures: [new Error("409"), new Error("409"), new Error("500")] };
  await assert.rejects(run(), /3 writes failed: 409; 500$/);
  assert.deepEqual([state.rounds, state.left], [["failed"], []]);
});

test("of a Gateway whose references are not read yet nothing is written, and nothing of it is deleted", async () => {
  const { state, run } = stage();
  const status = (name: string) => ({ kind: "Gateway", namespace: "shop", name, status: {} }) as unknown as StatusPlan;
  state.statusPlans = [status("g"), status("other")];
  state.waiting = new Set(["shop/g"]);
  const prunable: (readonly string[])[] = [];
  await run();
  prunable.push(state.prunable);
  state.waiting = new Set();
  await run();
  prunable.push(state.prunable);
  assert.deepEqual(
    state.applied.map((objects) => objects.length > 0),
    [false, true],
  );
  assert.deepEqual(prunable, [[], ["gateway-g"]]);
  const written = state.written.map((plans) => plans.map(({ name }) => name));
  assert.deepEqual(written, [["other"], ["g", "other"]]);
});

test("the pacer's objects are applied, and the pacer receives the rejected Deployments", async () => {
  const { state, run } = stage();
  Object.assign(state, { heldKinds: ["Deployment"], recheckInMs: 5_000 });
  state.report = {
    ...UNCHANGED,
    refused: [
      { object: refusedObject, message: "quota", failures: 1 },
      { object: { ...refusedObject, apiVersion: "apps/v1", kind: "Deployment" }, message: "image", failures: 1 },
    ],
  };
  await run();
  assert.ok(state.applied[0]?.every(({ kind }) => kind !== "Deployment"));
  assert.deepEqual([state.rejected, state.left], [[["shop/g"]], [5_000]]);
});

test("a rejected object fails no round; the next one is due when its backoff ends", async () => {
  const { state, run } = stage();
  state.report = {
    ...UNCHANGED,
    refused: [{ object: refusedObject, message: "quota", failures: 3 }],
    retryInMs: 4_000,
  };
  await run();
  assert.deepEqual([state.rounds, state.left, state.statusWrites], [["succeeded"], [4_000], 1]);
});

test("Retry-After of a write that failed reaches the loop", async () => {
  const { state, run } = stage();
  const failure = { type: "TooManyRequests", retryAfterMs: 7_000 } as const;
  state.statuses = { failures: [new Error("reset"), new ApiError(failure, "slow down")] };
  const error = await run().catch((thrown: unknown) => thrown);
  assert.equal(retryAfterMs(error), 7_000);
});

test("only objects of Gateways whose desired state is known, or that another controller manages, are deleted", async () => {
  const { state, run } = stage();
  state.released = new Set(["uid-of-another"]);
  await run();
  assert.deepEqual(state.prunable, ["gateway-g", "uid-of-another"]);
  const { parameters: _, ...unreadable } = plan;
  state.plan = unreadable;
  await run();
  assert.deepEqual(state.prunable, ["uid-of-another"]);
});
