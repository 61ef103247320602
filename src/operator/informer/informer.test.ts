import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { type Clock, systemClock } from "../../loop/clock.ts";
import { SILENT } from "../../loop/silent-log.ts";
import { ApiError } from "../kube/api-error.ts";
import type { ResourceType } from "../kube/resource.ts";
import { FaultServer, WIDGETS } from "./fault-server.ts";
import { Informer, type InformerOptions } from "./informer.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface SetUp {
  readonly resolve?: () => Promise<ResourceType | undefined>;
  readonly mustBeServed?: () => Promise<boolean>;
  readonly prepare?: (server: FaultServer) => void;
  readonly clock?: Partial<Clock>;
  readonly choices?: Pick<InformerOptions<KubernetesObject>, "transform" | "pageLimit">;
}

/** A started informer whose waits are recorded and cut to 1 ms. */
async function setUp({
  resolve = async () => WIDGETS,
  mustBeServed = async () => false,
  prepare,
  clock,
  choices,
}: SetUp = {}) {
  const server = await FaultServer.start();
  prepare?.(server);
  const sleeps: number[] = [];
  const changes: string[] = [];
  const state = { notFound: 0 };
  const informer = new Informer<KubernetesObject>({
    kind: "Widget",
    client: server.client,
    resolve,
    mustBeServed,
    onNotFound: () => state.notFound++,
    clock: {
      ...systemClock,
      sleep: (ms, signal) => {
        sleeps.push(ms);
        return systemClock.sleep(1, signal);
      },
      ...clock,
    },
    random: () => 0.5,
    log: SILENT,
    ...choices,
  });
  informer.onChange((_, key) => changes.push(key));
  informer.start();
  cleanups.push(
    () => server.close(),
    () => informer.stop(),
  );
  return { server, informer, sleeps, changes, state };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `not within 10 s: ${what}`);
    await systemClock.sleep(2);
  }
}

const names = (informer: Informer<KubernetesObject>) => informer.items().map((object) => object.metadata.name);

test("lists, then follows additions, changes and removals", async () => {
  const { server, informer, changes } = await setUp({ prepare: (s) => s.put("a") });
  await informer.whenSynced;
  assert.deepEqual(names(informer), ["a"]);
  await until("watch", () => server.openWatches === 1);
  server.put("b");
  server.put("a");
  server.remove("b");
  await until("changes", () => changes.length === 4);
  assert.deepEqual(changes, ["ns/a", "ns/b", "ns/a", "ns/b"]);
  assert.deepEqual(names(informer), ["a"]);
  assert.equal(informer.get("ns/a")?.metadata.resourceVersion, "4");
});

test("items are the same array until something changes", async () => {
  const { server, informer, changes } = await setUp({ prepare: (s) => s.put("a") });
  await informer.whenSynced;
  const before = informer.items();
  assert.equal(informer.items(), before);
  await until("watch", () => server.openWatches === 1);
  server.put("b");
  await until("change", () => changes.length === 2);
  assert.notEqual(informer.items(), before);
  assert.equal(before.length, 1, "what a reader holds stays as it was");
});

test("what is of no use is not kept, and goes once it is of no use", async () => {
  const useless = new Set(["b"]);
  const transform = (object: KubernetesObject) => (useless.has(object.metadata.name) ? undefined : object);
  const prepare = (s: FaultServer) => ["a", "b"].map((name) => s.put(name));
  const { server, informer, changes } = await setUp({ prepare, choices: { transform, pageLimit: 7 } });
  await until("watch", () => server.openWatches === 1);
  assert.equal(server.listQueries[0]?.get("limit"), "7");
  assert.deepEqual(names(informer), ["a"]);
  useless.add("a").delete("b");
  for (const name of ["a", "b", "a"]) server.put(name);
  await until("the last event", () => informer.get("ns/b") !== undefined);
  assert.deepEqual(names(informer), ["b"]);
  assert.deepEqual(changes, ["ns/a", "ns/a", "ns/b"], "nobody is told of what is not kept");
});

test("a watch that the server ends is resumed from the last bookmark, without a list", async () => {
  const { server, informer } = await setUp({ prepare: (s) => s.put("a") });
  await until("watch", () => server.openWatches === 1);
  server.bookmark();
  server.endWatches();
  await until("second watch", () => server.watchQueries.length === 2);
  assert.equal(server.watchQueries[1]?.get("resourceVersion"), "3");
  assert.equal(informer.counts.lists, 1);
});

test("a cut connection is resumed from the last event, and nothing in between is lost", async () => {
  const { server, informer, changes } = await setUp({ prepare: (s) => s.put("a") });
  await until("watch", () => server.openWatches === 1);
  server.put("b");
  await until("event", () => changes.length === 2);
  server.cutWatches();
  await until("second watch", () => server.watchQueries.length === 2);
  assert.equal(server.watchQueries[1]?.get("resourceVersion"), "3");
  assert.equal(informer.counts.lists, 1);
});

test("410, as an answer or as an event, leads to a relist that tells only what changed", async () => {
  const { server, informer, changes } = await setUp({ prepare: (s) => ["a", "b", "c"].map((name) => s.put(name)) });
  await until("watch", () => server.openWatches === 1);
  changes.length = 0;
  server.expireWatches();
  await until("relist", () => informer.counts.lists === 2);
  assert.deepEqual(changes, [], "an unchanged relist is no change");
  await until("second watch", () => server.openWatches === 1);
  server.put("b", { silently: true });
  server.remove("c", { silently: true });
  server.nextWatch.push({ status: 410 });
  server.cutWatches();
  await until("second relist", () => informer.counts.lists === 3);
  assert.deepEqual(changes, ["ns/b", "ns/c"]);
  assert.deepEqual(names(informer), ["a", "b"]);
});

test("410 after failures of the connection leads to a relist without another wait", async () => {
  const { server, informer, sleeps } = await setUp({ prepare: (s) => s.put("a") });
  await until("watch", () => server.openWatches === 1);
  server.nextWatch.push({ status: 500 }, { status: 500 }, { status: 410 });
  server.cutWatches();
  await until("relist", () => informer.counts.lists === 2);
  assert.equal(sleeps.length, 3, "after the cut and the two failures");
});

test("410 right after a list, again and again, backs off", async () => {
  const { server, informer, sleeps } = await setUp();
  await until("watch", () => server.openWatches === 1);
  server.nextWatch.push(...[410, 410, 410, 410].map((status) => ({ status })));
  server.expireWatches();
  await until("watch", () => server.watchQueries.length === 6);
  await until("lists", () => informer.counts.lists === 6);
  assert.equal(sleeps.length, 4, "only the first is listed at once");
});

test("failures back off with growing waits, and Retry-After is kept", async () => {
  const faults = [500, 500, 500, 500].map((status) => ({ status }));
  const prepare = (s: FaultServer) => s.nextList.push(...faults, { status: 429, retryAfterSeconds: 77 });
  const { informer, sleeps } = await setUp({ prepare });
  await informer.whenSynced;
  assert.equal(sleeps.length, 5);
  const growth = sleeps.slice(1, 4).map((ms, i) => ms / (sleeps[i] ?? 0));
  assert.deepEqual(growth, [2, 2, 2]);
  assert.equal(sleeps[4], 77_000);
});

test("what fails is said with its error and for how long, until the API server answers again", async () => {
  const asleep = Promise.withResolvers<void>();
  const { informer } = await setUp({
    prepare: (server) => {
      server.put("a");
      server.nextList.push({ status: 403 });
    },
    clock: { sleep: () => asleep.promise },
  });
  await until("a failure", () => informer.state.failure !== undefined);
  const { failure, ...rest } = informer.state;
  assert.ok(failure?.error instanceof ApiError && failure.error.failure.type === "Forbidden");
  assert.ok(failure.attempts === 1 && failure.sinceMs >= 0);
  assert.deepEqual(rest, { objects: 0, counts: { lists: 0, watches: 0, failures: 1 }, silenceMs: undefined });
  asleep.resolve();
  await informer.whenSynced;
  const { objects, silenceMs, failure: none } = informer.state;
  assert.deepEqual([objects, none], [1, undefined]);
  assert.ok(silenceMs !== undefined && silenceMs >= 0);
});

test("reads that are Forbidden for 5 s prove a missing right; they are retried at least every 10 s, and a list ends it", async () => {
  const time = { nowMs: 0 };
  /** At each failure: whether the right is proven to be missing, and whether subscribers are notified. */
  const states: { readonly atMs: number; readonly isUnreadable: boolean; readonly isNotified: boolean }[] = [];
  // More than the test can use: it removes the rest when the right is granted.
  const forbidden = Array.from({ length: 10_000 }, () => ({ status: 403 }));
  const { server, informer, changes, sleeps } = await setUp({
    prepare: (s) => {
      s.put("a");
      s.nextList.push(...forbidden);
      s.nextList.splice(10, 1, { status: 500 });
    },
    clock: {
      nowMs: () => time.nowMs,
      sleep: async (ms) => {
        sleeps.push(ms);
        const { isUnreadable } = informer;
        states.push({ atMs: time.nowMs, isUnreadable, isNotified: changes.includes("") });
        time.nowMs += ms;
        await systemClock.sleep(1);
      },
    },
  });
  await until("proven", () => informer.isUnreadable);
  const provenMs = states.find(({ isUnreadable }) => isUnreadable)?.atMs ?? 0;
  assert.ok(provenMs >= 5_000 && provenMs <= 15_000, `after ${provenMs} ms`);
  await until("retried", () => server.listQueries.length > 20);
  assert.deepEqual([informer.isUnreadable, informer.synced], [true, false], "another failure disproves nothing");
  assert.deepEqual(changes, [""], "notified once");
  const isLate = states.some(({ isUnreadable, isNotified }) => isUnreadable !== isNotified);
  assert.ok(!isLate, "subscribers are notified as soon as it is proven");
  server.nextList.splice(0);
  await informer.whenSynced;
  assert.deepEqual([informer.isUnreadable, names(informer)], [false, ["a"]]);
  assert.deepEqual(changes, ["", "ns/a"]);
  assert.ok(Math.max(...sleeps) <= 10_000, `${sleeps}`);
});

test("a single Forbidden response at the start proves nothing", async () => {
  const { informer, changes } = await setUp({
    prepare: (server) => {
      server.put("a");
      server.nextList.push({ status: 403 });
    },
  });
  await informer.whenSynced;
  assert.deepEqual([informer.isUnreadable, changes], [false, ["ns/a"]]);
});

test("objects that were read stay, and are not unreadable, however long reads are Forbidden afterwards", async () => {
  const time = { nowMs: 0 };
  const { server, informer, changes } = await setUp({
    prepare: (s) => s.put("a"),
    clock: { nowMs: () => time.nowMs },
  });
  await until("watch", () => server.openWatches === 1);
  server.nextWatch.push(...Array.from({ length: 5 }, () => ({ status: 403 })));
  server.cutWatches();
  await until("the first failure", () => server.watchQueries.length >= 3);
  time.nowMs = 3_600_000;
  await until("failures", () => server.watchQueries.length >= 6);
  assert.deepEqual([informer.isUnreadable, names(informer), changes], [false, ["a"], ["ns/a"]]);
});

test("watches that end at once back off, lest they become a hot loop", async () => {
  const { server, sleeps } = await setUp();
  for (let round = 1; round <= 4; round++) {
    await until("watch", () => server.openWatches === 1);
    server.endWatches();
    await until("wait", () => sleeps.length === round);
    await until("closed", () => server.watchQueries.length === round + 1);
  }
  assert.ok((sleeps[3] ?? 0) > (sleeps[0] ?? 0) * 7, `${sleeps}`);
});

test("an absent kind is empty and synced, is looked for, and is read once it is there", async () => {
  const served: { type?: ResourceType } = {};
  const { server, informer, changes } = await setUp({ resolve: async () => served.type });
  await informer.whenSynced;
  assert.deepEqual(informer.items(), []);
  assert.equal(informer.type, undefined);
  assert.equal(server.listQueries.length, 0);
  server.put("a");
  served.type = WIDGETS;
  await until("object", () => informer.items().length === 1);
  assert.equal(informer.type, WIDGETS);
  await until("told", () => changes.length === 2);
  assert.deepEqual(changes, ["ns/a", ""], "the kind itself is news too: it may have no objects");
});

test("a kind with objects is forgotten only when its absence lasts", async () => {
  const served: { type: ResourceType | undefined } = { type: WIDGETS };
  const time = { nowMs: 0 };
  const { server, informer, sleeps, changes } = await setUp({
    resolve: async () => served.type,
    prepare: (s) => s.put("a"),
    clock: { nowMs: () => time.nowMs },
  });
  await until("watch", () => server.openWatches === 1);
  served.type = undefined;
  server.cutWatches();
  await until("probes", () => sleeps.length >= 4);
  assert.deepEqual(names(informer), ["a"], "one replica of the API server may not have loaded its CRDs yet");
  time.nowMs = 30_000;
  await until("forgotten", () => informer.items().length === 0);
  assert.equal(informer.type, undefined);
  assert.deepEqual(changes, ["ns/a", "ns/a", ""]);
});

test("a kind whose CRD exists keeps its objects, however long it is not served", async () => {
  const served: { type: ResourceType | undefined; mustBe: boolean } = { type: WIDGETS, mustBe: true };
  const time = { nowMs: 0 };
  const { server, informer, sleeps } = await setUp({
    resolve: async () => served.type,
    mustBeServed: async () => served.mustBe,
    prepare: (s) => s.put("a"),
    clock: { nowMs: () => time.nowMs },
  });
  await until("watch", () => server.openWatches === 1);
  served.type = undefined;
  server.cutWatches();
  await until("probes", () => sleeps.length >= 3);
  time.nowMs = 3_600_000;
  await until("more probes", () => sleeps.length >= 6);
  assert.deepEqual(names(informer), ["a"]);
  served.mustBe = false;
  await until("absence begins", () => sleeps.length >= 9);
  assert.deepEqual(names(informer), ["a"], "the absence counts from the removal of the CRD");
  time.nowMs += 30_000;
  await until("forgotten", () => informer.items().length === 0);
});

test("a start waits for a kind whose CRD exists and is not served yet", async () => {
  const served: { type: ResourceType | undefined } = { type: undefined };
  const setup = await setUp({ resolve: async () => served.type, mustBeServed: async () => true });
  await until("probes", () => setup.sleeps.length >= 3);
  assert.equal(setup.informer.synced, false);
  served.type = WIDGETS;
  await setup.informer.whenSynced;
  assert.equal(setup.informer.type, WIDGETS);
});

test("a 404 asks discovery anew", async () => {
  const { server, informer, state } = await setUp({ prepare: (s) => s.nextList.push({ status: 404 }) });
  await informer.whenSynced;
  assert.equal(state.notFound, 1);
  assert.equal(server.listQueries.length, 2);
});

test("a change of the served version is read by a new list", async () => {
  const served = { type: { ...WIDGETS, version: "v1alpha2" } };
  const { server, informer } = await setUp({ resolve: async () => served.type, prepare: (s) => s.put("a") });
  await until("watch", () => server.openWatches === 1);
  served.type = WIDGETS;
  server.cutWatches();
  await until("relist", () => informer.counts.lists === 2);
  assert.equal(informer.type?.version, "v1");
});

test("discovery that fails is a failure, not an absence", async () => {
  let asked = 0;
  const resolve = async () => {
    asked++;
    if (asked < 3) throw new ApiError({ type: "Unreachable" }, "GET /apis/test.example: ECONNREFUSED");
    return WIDGETS;
  };
  const { informer, sleeps } = await setUp({ resolve });
  assert.equal(informer.synced, false);
  await informer.whenSynced;
  assert.equal(sleeps.length, 2);
});

test("stop ends an open watch, a wait and a list that hangs", async () => {
  const watching = await setUp();
  await until("watch", () => watching.server.openWatches === 1);
  await watching.informer.stop();
  await until("closed", () => watching.server.openWatches === 0);

  const waiting = await setUp({
    prepare: (s) => s.nextList.push({ status: 500 }),
    clock: { sleep: (_, signal) => systemClock.sleep(3_600_000, signal) },
  });
  await until("failure", () => waiting.informer.counts.failures === 1);
  await waiting.informer.stop();

  const hanging = await setUp({ prepare: (s) => s.nextList.push("hang") });
  await until("list", () => hanging.server.listQueries.length === 1);
  await hanging.informer.stop();
});

test("a watch on which nothing arrives for too long counts as dead", async () => {
  const server = await FaultServer.start();
  cleanups.push(() => server.close());
  const watch = server.client.watch(WIDGETS, { resourceVersion: "1", timeoutSeconds: 300, silenceMs: 50 });
  await assert.rejects(watch.next(), /nothing was received for 50 ms/);
});

const streaming = (prepare: (server: FaultServer) => void = () => undefined) => ({
  prepare: (server: FaultServer) => {
    server.streamsLists = true;
    prepare(server);
  },
});

test("where the API server streams lists, one request lists and watches", async () => {
  const { server, informer, changes } = await setUp(streaming((s) => ["a", "b"].map((name) => s.put(name))));
  await informer.whenSynced;
  assert.deepEqual(names(informer), ["a", "b"]);
  const [query] = server.streamQueries;
  assert.equal(query?.get("resourceVersionMatch"), "NotOlderThan");
  assert.equal(query?.get("allowWatchBookmarks"), "true");
  assert.equal(query?.has("resourceVersion"), false, "as new as a list from etcd");
  server.put("c");
  server.remove("a");
  await until("changes", () => changes.length === 4);
  assert.deepEqual(changes, ["ns/a", "ns/b", "ns/c", "ns/a"]);
  assert.deepEqual(names(informer), ["b", "c"]);
  server.cutWatches();
  await until("the watch is resumed", () => server.watchQueries.length === 1);
  assert.equal(server.watchQueries[0]?.get("resourceVersion"), "5");
  assert.deepEqual([server.streamQueries.length, server.listQueries.length], [1, 0]);
  assert.deepEqual(informer.counts, { lists: 1, watches: 2, failures: 1 });
});

test("an API server that rejects streaming lists receives one request for them, and lists in pages without a wait", async () => {
  const { server, informer, sleeps } = await setUp({ prepare: (s) => s.put("a") });
  await until("watch", () => server.openWatches === 1);
  server.expireWatches();
  await until("relist", () => informer.counts.lists === 2);
  assert.deepEqual([server.streamQueries.length, server.listQueries.length], [1, 2]);
  assert.deepEqual([sleeps.length, informer.counts.failures], [0, 1], "only the expiry is a failure");
});

test("a streaming list that breaks before its end leaves the cache as it was, and pages follow", async () => {
  const { server, informer } = await setUp(
    streaming((s) => {
      s.put("a");
      s.endsInitialEvents = false;
    }),
  );
  await until("stream", () => server.openWatches === 1);
  await systemClock.sleep(20);
  assert.equal(informer.synced, false, "half a list is none");
  server.cutWatches();
  await informer.whenSynced;
  assert.deepEqual(names(informer), ["a"]);
  assert.deepEqual([server.streamQueries.length, server.listQueries.length], [1, 1]);
  server.endsInitialEvents = true;
  await until("watch", () => server.openWatches === 1);
  server.put("b", { silently: true });
  server.expireWatches();
  await until("streamed again", () => informer.items().length === 2);
  assert.equal(server.streamQueries.length, 2, "one break is no reason to give streaming up");
});

test("an object that goes while a list is streamed is not kept", async () => {
  const { server, informer } = await setUp(
    streaming((s) => {
      ["a", "b"].map((name) => s.put(name));
      s.endsInitialEvents = false;
    }),
  );
  await until("stream", () => server.openWatches === 1);
  server.remove("a");
  server.put("b");
  server.endInitialEvents();
  await informer.whenSynced;
  assert.deepEqual(names(informer), ["b"]);
  assert.equal(informer.get("ns/b")?.metadata.resourceVersion, "5");
});
