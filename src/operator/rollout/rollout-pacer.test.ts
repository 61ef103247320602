/** Tests the pacer with Deployments in a small model of the API server and the Deployment controller. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type InfrastructureObject, infrastructureOf } from "../../infra/infrastructure.ts";
import { SILENT } from "../../loop/silent-log.ts";
import type { GatewayPlan } from "../../model/plan.ts";
import { EMPTY_REVISION } from "../../model/revision.ts";
import type { RolloutDeployment } from "./observe-rollout.ts";
import type { RolloutLimit } from "./rollout-limit.ts";
import { RolloutPacer } from "./rollout-pacer.ts";

const OPTIONS = { operatorNamespace: "system", caBundle: "PEM" };
const MINUTE_MS = 60_000;

function planOf(name: string, namespace: string, annotations: GatewayPlan["annotations"] = {}): GatewayPlan {
  return {
    ...{ namespace, name, uid: name, gatewayClassName: "fsm", labels: {}, annotations },
    ...{ ports: [], parameters: { replicas: 1 }, config: { revision: EMPTY_REVISION, resources: new Map() } },
  };
}

type Applied = InfrastructureObject & { readonly spec: { readonly replicas: number; readonly template: object } };

function stage(names: readonly string[], limit: RolloutLimit = { unit: "count", value: 1 }) {
  const live = new Map<string, RolloutDeployment>();
  const state = { image: "image:1", nowMs: 0, waitsChanged: 0, replicas: 1, invisible: new Set<string>() };
  const plans = new Map(names.map((name) => [name, planOf(name, name.startsWith("other") ? "other" : "team")]));
  const pacer = new RolloutPacer({
    limit,
    deployments: { get: (key) => live.get(key) },
    nowMs: () => state.nowMs,
    log: SILENT,
    onWaitsChanged: () => void state.waitsChanged++,
  });
  const key = (name: string) => `${plans.get(name)?.namespace}/fsm-gateway-${name}`;
  const objectsNow = () =>
    [...plans.values()].flatMap((plan) => {
      const parameters = { ...plan.parameters, replicas: state.replicas };
      return infrastructureOf({ ...plan, parameters }, { ...OPTIONS, image: state.image });
    });
  const imageOf = (deployment: object | undefined): string =>
    // biome-ignore lint/suspicious/noExplicitAny: a template is not typed; a wrong path fails the test.
    (deployment as any)?.spec.template.spec.containers[0].image;
  /** Runs one cluster sync: applied objects are in the cluster, and not complete. Returns the names whose template changed. */
  function round(): readonly string[] {
    const { objects } = pacer.pace(objectsNow());
    const rolled: string[] = [];
    for (const object of objects as readonly Applied[]) {
      const name = [...plans.keys()].find((one) => key(one) === `${object.metadata.namespace}/${object.metadata.name}`);
      if (object.kind !== "Deployment" || name === undefined) continue;
      const before = live.get(key(name));
      if (before !== undefined && imageOf(before) !== imageOf(object)) rolled.push(name);
      if (state.invisible.has(name)) continue;
      const isNew = before === undefined || imageOf(before) !== imageOf(object);
      const { metadata, spec } = object;
      const generation = (before?.metadata.generation ?? 0) + (isNew ? 1 : 0);
      const next = { ...object, metadata: { ...metadata, generation }, spec };
      live.set(key(name), { ...(next as RolloutDeployment), ...(before?.status && { status: before.status }) });
    }
    return rolled;
  }
  function complete(...finished: readonly string[]): void {
    for (const name of finished) {
      const { status: _, ...deployment } = live.get(key(name)) as RolloutDeployment;
      const observedGeneration = deployment.metadata.generation ?? 0;
      const status = { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
      live.set(key(name), { ...deployment, status });
    }
  }
  const waiting = () => [...pacer.waits.keys()].sort();
  return { pacer, state, plans, live, key, round, complete, waiting, imageOf, objectsNow };
}

/** A stage on which all Gateways run the first image and another is desired. */
function upgrading(names: readonly string[], limit?: RolloutLimit) {
  const on = stage(names, limit);
  on.round();
  on.complete(...names);
  on.state.image = "image:2";
  return on;
}

test("an upgrade rolls one Gateway after the other, each when the last one is complete", () => {
  const on = upgrading(["a", "b", "c"]);
  const order: string[] = [];
  for (let i = 0; i < 3; i++) {
    const rolled = on.round();
    assert.equal(rolled.length, 1, `round ${i}`);
    assert.deepEqual(on.round(), [], "no other one before it is complete");
    order.push(...rolled);
    on.complete(...rolled);
  }
  assert.deepEqual(order, ["a", "b", "c"]);
  assert.deepEqual(on.round(), []);
  assert.deepEqual([on.waiting(), on.pacer.counts], [[], { rolling: 0, stalled: 0, waiting: 0 }]);
});

test("a percentage is of all Gateways", () => {
  const names = Array.from({ length: 25 }, (_, i) => `g${i}`);
  const on = upgrading(names, { unit: "percent", value: 10 });
  assert.equal(on.round().length, 2);
  assert.equal(on.pacer.waits.get("team/g24")?.limit, 2);
  assert.deepEqual(on.pacer.counts, { rolling: 2, stalled: 0, waiting: 23 });
});

test("a new Gateway is created immediately, and changes outside the template are applied to a waiting one", () => {
  const on = upgrading(["a", "b"]);
  assert.deepEqual(on.round(), ["a"]);
  on.plans.set("new", planOf("new", "team"));
  on.state.replicas = 5;
  assert.deepEqual(on.round(), []);
  assert.equal(on.imageOf(on.live.get(on.key("new"))), "image:2");
  const waiting = on.live.get(on.key("b"));
  assert.deepEqual([on.imageOf(waiting), waiting?.spec?.replicas], ["image:1", 5]);
});

test("a delayed object is the same object while nothing changes, so that it is not compared again", () => {
  const on = upgrading(["a", "b"]);
  on.round();
  const objects = on.objectsNow();
  const isOfB = ({ kind, metadata }: InfrastructureObject) =>
    kind === "Deployment" && metadata.name === "fsm-gateway-b";
  const held = () => on.pacer.pace(objects).objects.find(isOfB);
  assert.equal(held(), held());
  assert.notEqual(held(), objects.find(isOfB));
});

test("a stuck rollout counts until its progress deadline, is named after 2 minutes, and then no longer holds others back", () => {
  const on = upgrading(["a", "b", "c", "other-d"]);
  assert.deepEqual(on.round(), ["a"]);
  const changesBefore = on.state.waitsChanged;
  assert.deepEqual(on.pacer.pace(on.objectsNow()).recheckInMs, 2 * MINUTE_MS);
  on.state.nowMs = 2 * MINUTE_MS;
  assert.deepEqual(on.round(), []);
  assert.deepEqual(on.pacer.waits.get("other/other-d"), { limit: 1, slow: ["team/a"] });
  assert.equal(on.state.waitsChanged, changesBefore + 1);
  on.state.nowMs = 10 * MINUTE_MS - 1;
  assert.deepEqual(on.round(), []);
  on.state.nowMs = 10 * MINUTE_MS;
  assert.deepEqual(on.round(), ["b"]);
  assert.deepEqual(on.pacer.counts, { rolling: 1, stalled: 1, waiting: 2 });
});

test("the Deployment controller's condition marks a rollout as stalled, also for a new leader", () => {
  const on = upgrading(["a", "b"]);
  on.round();
  const stuck = on.live.get(on.key("a")) as RolloutDeployment;
  const conditions = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }];
  const observedGeneration = stuck.metadata.generation ?? 0;
  const status = { observedGeneration, replicas: 2, updatedReplicas: 1, availableReplicas: 1, conditions };
  on.live.set(on.key("a"), { ...stuck, status });
  on.pacer.clear();
  assert.deepEqual(on.round(), ["b"]);
});

test("a new leader counts the rollouts that it finds", () => {
  const on = upgrading(["a", "b"]);
  assert.deepEqual(on.round(), ["a"]);
  on.pacer.clear();
  assert.deepEqual(on.round(), []);
  on.complete("a");
  assert.deepEqual(on.round(), ["b"]);
});

test("a Gateway without an available proxy rolls out immediately and occupies no slot", () => {
  const on = upgrading(["a", "broken"]);
  const broken = on.live.get(on.key("broken")) as RolloutDeployment;
  on.live.set(on.key("broken"), { ...broken, status: { ...broken.status, availableReplicas: 0 } });
  assert.deepEqual([...on.round()].sort(), ["a", "broken"]);
});

test("a Gateway whose template changes all the time comes last again each time", () => {
  const on = upgrading(["a", "b", "restless"]);
  const order: string[] = [];
  for (let i = 0; i < 4; i++) {
    const rolled = on.round();
    order.push(...rolled);
    on.complete(...rolled);
    on.plans.set("restless", { ...planOf("restless", "team", { turn: `${i}` }) });
  }
  assert.deepEqual(order.slice(0, 3), ["a", "b", "restless"]);
});

test("a rollout that is applied and not yet visible in the cache counts", () => {
  const on = upgrading(["a", "b"]);
  on.state.invisible = new Set(["a"]);
  assert.deepEqual(on.round(), ["a"]);
  assert.deepEqual(on.round(), ["a"], "it is applied again, and no other one");
  on.state.invisible.clear();
  on.round();
  on.complete("a");
  assert.deepEqual(on.round(), ["b"]);
});

test("a Gateway whose Deployment the API server rejects delays no other Gateway", () => {
  const on = upgrading(["a", "b", "c"]);
  on.state.invisible = new Set(["a"]);
  assert.deepEqual(on.round(), ["a"]);
  on.pacer.onRejected(new Set(["team/a"]));
  assert.deepEqual(on.round(), ["b"]);
  on.complete("b");
  assert.deepEqual(on.round(), ["c"]);
  on.complete("c");
  on.state.invisible.clear();
  assert.deepEqual(on.round(), ["a"]);
});

test("a template that is taken back before it was applied leaves nothing counted", () => {
  const on = upgrading(["a", "b"]);
  on.state.invisible = new Set(["a"]);
  on.round();
  on.state.image = "image:1";
  on.round();
  assert.deepEqual(on.pacer.counts, { rolling: 0, stalled: 0, waiting: 0 });
});

test("a Deployment of another controller under a Gateway's name occupies no slot", () => {
  const on = upgrading(["a", "b"]);
  const own = on.live.get(on.key("a")) as RolloutDeployment;
  const { name, namespace } = own.metadata;
  on.live.set(on.key("a"), { ...own, metadata: { name, ...(namespace !== undefined && { namespace }) } });
  on.state.invisible = new Set(["a"]);
  assert.ok(on.round().includes("b"));
  assert.equal(on.pacer.counts.rolling, 1);
});
