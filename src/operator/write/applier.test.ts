import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { ManualClock } from "../../loop/manual-clock.ts";
import { ApiError } from "../kube/api-error.ts";
import { SERVICES } from "../kube/resource.ts";
import { Applier } from "./applier.ts";

const MANAGER = "fsm-gateway";
const ownerReferences = [{ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", uid: "g", controller: true }];
const wanted = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", namespace: "n", ownerReferences },
  spec: {},
};

test("an object that was seen to be as wanted is not compared again until it or what is wanted is another", async () => {
  let looks = 0;
  const liveObject = (): KubernetesObject => {
    const managedFields = [{ manager: MANAGER, operation: "Apply", fieldsV1: {} }];
    const live = { ...wanted, metadata: { ...wanted.metadata, managedFields } };
    return Object.defineProperty(live, "spec", { enumerable: true, get: () => ({ look: looks++ }) });
  };
  const unasked = () => assert.fail("nothing is to be sent");
  let live = liveObject();
  const applier = new Applier({
    client: { get: unasked, apply: unasked, delete: unasked },
    kinds: [{ type: SERVICES, live: { items: () => [live], get: () => live } }],
    fieldManager: MANAGER,
    clock: new ManualClock(),
    random: () => 1,
  });
  const looksOf = async (object: KubernetesObject) => {
    looks = 0;
    assert.equal((await applier.reconcile([object])).unchanged, 1);
    return looks > 0;
  };
  assert.equal(await looksOf(wanted), true);
  assert.equal(await looksOf(wanted), false);
  live = liveObject();
  assert.equal(await looksOf(wanted), true);
  assert.equal(await looksOf({ ...wanted }), true);
  assert.equal(await looksOf(wanted), false, "both are still the same objects");
});

/** An applier with a scripted API server and the test's clock. */
function stage(answers: { get?: () => KubernetesObject; apply?: () => KubernetesObject } = {}) {
  const clock = new ManualClock();
  const requests: string[] = [];
  const refused: number[] = [];
  const bodies: KubernetesObject[] = [];
  const forced: unknown[] = [];
  const live = new Map<string, KubernetesObject>();
  const applier = new Applier({
    client: {
      get: async <T extends KubernetesObject>() => {
        requests.push("get");
        if (answers.get === undefined) throw new ApiError({ type: "NotFound" }, "not found");
        return answers.get() as T;
      },
      apply: async <T extends KubernetesObject>(
        _: unknown,
        object: KubernetesObject,
        { force }: { force?: boolean },
      ) => {
        requests.push(`apply ${object.metadata.name}`);
        bodies.push(object);
        forced.push(force);
        return (answers.apply?.() ?? object) as T;
      },
      delete: async (_, { name }) => void requests.push(`delete ${name}`),
    },
    kinds: [{ type: SERVICES, live: { items: () => [...live.values()], get: (key) => live.get(key) } }],
    fieldManager: MANAGER,
    clock,
    random: () => 1,
    onRefused: ({ failures }) => refused.push(failures),
  });
  return { clock, requests, refused, bodies, forced, live, applier };
}
test("a write that takes long delays no other object and no report; its outcome is in a later one", async () => {
  const slow = Promise.withResolvers<KubernetesObject>();
  const requests: string[] = [];
  const clock = new ManualClock();
  let lateEnds = 0;
  const applier = new Applier({
    client: {
      get: async () => Promise.reject(new ApiError({ type: "NotFound" }, "not found")),
      apply: async <T extends KubernetesObject>(_: unknown, object: KubernetesObject) => {
        requests.push(object.metadata.name);
        return (object.metadata.name === "slow" ? await slow.promise : object) as T;
      },
      delete: async () => assert.fail("nothing is to be deleted"),
    },
    kinds: [{ type: SERVICES, live: { items: () => [], get: () => undefined } }],
    fieldManager: MANAGER,
    clock,
    random: () => 1,
    onLateEnd: () => lateEnds++,
  });
  const named = (name: string) => ({ ...wanted, metadata: { ...wanted.metadata, name } });
  const objects = [named("slow"), named("quick")];
  const first = applier.reconcile(objects);
  await clock.advance(500);
  assert.deepEqual([(await first).applied, requests], [1, ["slow", "quick"]]);
  assert.equal((await applier.reconcile(objects)).applied, 1);
  assert.deepEqual(requests, ["slow", "quick", "quick"], "one write of an object at a time");
  slow.reject(new ApiError({ type: "Forbidden" }, "PATCH /s: 403", undefined, "exceeded quota: small"));
  await clock.advance(0);
  assert.equal(lateEnds, 1);
  const { refused } = await applier.reconcile(objects);
  assert.deepEqual(
    refused.map(({ message }) => message),
    ["exceeded quota: small"],
  );
});

const quota = () => {
  throw new ApiError({ type: "Forbidden" }, "PATCH /s: 403", undefined, "exceeded quota: small");
};

test("an object that the API server rejects is retried with backoff, and stays reported meanwhile", async () => {
  const { clock, requests, refused, applier } = stage({ apply: quota });
  const untilMs = 600_000;
  let rounds = 0;
  while (clock.nowMs() < untilMs) {
    const report = await applier.reconcile([wanted]);
    rounds++;
    assert.deepEqual(
      report.refused.map(({ message }) => message),
      ["exceeded quota: small"],
    );
    assert.deepEqual(report.failures, []);
    assert.ok((report.retryInMs ?? 0) > 0);
    await clock.advance(250);
  }
  assert.ok(rounds > 2_000);
  // At 0, 1, 3, 7, 15, 31, 63, 127, 255, 511 s, each with a read of the object.
  assert.equal(requests.filter((request) => request === "apply s").length, 10);
  assert.equal(requests.length, 20);
  assert.deepEqual(refused.slice(0, 3), [1, 2, 3]);
});

test("an edit of the object wanted, of its owner or of the live object ends the backoff", async () => {
  const { requests, live, applier } = stage({ apply: quota });
  const ownerBefore = {};
  const tried = async (object: KubernetesObject, owner: unknown) => {
    requests.length = 0;
    await applier.reconcile([object], { owners: new Map([["g", owner]]) });
    return requests.includes("apply s");
  };
  assert.equal(await tried(wanted, ownerBefore), true);
  assert.equal(await tried(wanted, ownerBefore), false);
  assert.equal(await tried(wanted, {}), true, "the owner is another");
  const edited = { ...wanted, spec: { type: "ClusterIP" } };
  const owner = {};
  await tried(wanted, owner);
  assert.equal(await tried(edited, owner), true, "other content is wanted");
  assert.equal(await tried(edited, owner), false);
  live.set("n/s", { ...wanted, metadata: { ...wanted.metadata, uid: "1", generation: 2 } });
  assert.equal(await tried(edited, owner), true, "the live object is another");
  assert.equal(await tried(edited, owner), false);
});

test("a rejected object delays no other, and a failure on the way to the API server backs off no object", async () => {
  let apply = quota as () => never;
  const { requests, applier } = stage({ apply: () => apply() });
  const other = { ...wanted, metadata: { ...wanted.metadata, name: "other" } };
  await applier.reconcile([wanted]);
  requests.length = 0;
  apply = () => {
    throw new ApiError({ type: "Unreachable" }, "PATCH /s: ECONNREFUSED");
  };
  for (let round = 0; round < 3; round++) {
    const report = await applier.reconcile([wanted, other]);
    assert.equal(report.failures.length, 1);
    assert.equal(report.refused.length, 1, "what was rejected is still reported");
  }
  assert.deepEqual(
    requests.filter((request) => request !== "get"),
    ["apply other", "apply other", "apply other"],
  );
});

test("an object of another controller that the cache does not have costs no request in each round", async () => {
  const foreign = { ...wanted, metadata: { name: "s", namespace: "n", uid: "theirs" } };
  const { clock, requests, applier } = stage({ get: () => foreign });
  for (let round = 0; round < 100; round++) {
    assert.deepEqual((await applier.reconcile([wanted])).foreign, [wanted]);
    await clock.advance(100);
  }
  assert.deepEqual(requests, ["get", "get", "get", "get"], "at 0, 1, 3 and 7 s");
});

test("fields are taken from other managers only of the object that was seen, by its uid", async () => {
  const { bodies, forced, live, applier } = stage();
  await applier.reconcile([wanted]);
  live.set("n/s", { ...wanted, metadata: { ...wanted.metadata, uid: "of-the-live-one" } });
  await applier.reconcile([{ ...wanted, spec: { type: "ClusterIP" } } as KubernetesObject]);
  assert.deepEqual(
    bodies.map(({ metadata }) => metadata.uid),
    [undefined, "of-the-live-one"],
  );
  assert.deepEqual(forced, [false, true]);
});

test("only objects of owners whose desired state is known are deleted", async () => {
  const { requests, live, applier } = stage();
  const managedFields = [{ manager: MANAGER, operation: "Apply", fieldsV1: {} }];
  for (const owner of ["known", "unknown"]) {
    const metadata = { name: `of-${owner}`, namespace: "n", uid: owner, managedFields };
    const references = ownerReferences.map((reference) => ({ ...reference, uid: owner }));
    live.set(`n/of-${owner}`, {
      ...wanted,
      metadata: { ...metadata, ownerReferences: references },
    } as KubernetesObject);
  }
  assert.equal((await applier.reconcile([])).deleted, 0);
  assert.deepEqual(requests, []);
  assert.equal((await applier.reconcile([], { prunableOwners: new Set(["known"]) })).deleted, 1);
  assert.deepEqual(requests, ["delete of-known"]);
});
