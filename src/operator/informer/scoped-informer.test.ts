import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { systemClock } from "../../loop/clock.ts";
import { SILENT } from "../../loop/silent-log.ts";
import { ALL_NAMESPACES } from "../../model/namespace-scope.ts";
import { ApiError } from "../kube/api-error.ts";
import type { KubeClient, ListOptions, WatchOptions } from "../kube/client.ts";
import { CONFIG_MAPS, type ResourceType } from "../kube/resource.ts";
import { Informer } from "./informer.ts";
import { ScopedInformer, scopesFor } from "./scoped-informer.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const configMap = (namespace: string, name: string): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion: "1" },
});
const OBJECTS = [configMap("a", "one"), configMap("b", "two"), configMap("c", "three")];

/** A started informer with a client that records every request. `graces` are the active grace periods. */
function setUp(required: readonly string[] = [], startsWithoutRight = false) {
  const requests: string[] = [];
  const hanging = new Set<string>();
  const forbidden = new Set<string>();
  const graces: { readonly signal: AbortSignal | undefined; readonly end: () => void }[] = [];
  const client = {
    list: async (_: ResourceType, { namespace = "*", signal }: ListOptions = {}) => {
      requests.push(`list ${namespace}`);
      if (forbidden.has(namespace)) throw new ApiError({ type: "Forbidden" }, "GET: 403");
      if (hanging.has(namespace)) await systemClock.sleep(60_000, signal);
      signal?.throwIfAborted();
      const items = OBJECTS.filter(({ metadata }) => namespace === "*" || metadata.namespace === namespace);
      return { metadata: { resourceVersion: "1" }, items };
    },
    async *watch(_: ResourceType, { namespace = "*", resourceVersion, signal }: WatchOptions) {
      if (resourceVersion === undefined) throw new ApiError({ type: "Invalid" }, "no streaming lists");
      requests.push(`watch ${namespace}`);
      await systemClock.sleep(60_000, signal);
      signal?.throwIfAborted();
      yield* [];
    },
  } as unknown as KubeClient;
  /** Every wait for a retry lasts 1 ms and counts as a second. */
  const time = { nowMs: 0 };
  const clock = {
    ...systemClock,
    nowMs: () => time.nowMs,
    sleep: (_: number, signal?: AbortSignal) => {
      time.nowMs += 1_000;
      return systemClock.sleep(1, signal);
    },
  };
  const common = { client, random: () => 0.5, log: SILENT, kind: "ConfigMap", resolve: async () => CONFIG_MAPS };
  const informer = new ScopedInformer<KubernetesObject>({
    kind: "ConfigMap",
    idleType: CONFIG_MAPS,
    required,
    startsWithoutRight,
    createInformer: (namespace) =>
      new Informer({ ...common, clock, ...(namespace !== undefined && { selection: { namespace } }) }),
    clock: {
      ...systemClock,
      sleep: (_, signal) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        signal?.addEventListener("abort", () => resolve());
        graces.push({ signal, end: resolve });
        return promise;
      },
    },
  });
  const changes: string[] = [];
  informer.onChange((_, key) => changes.push(key));
  informer.start();
  cleanups.push(() => informer.stop());
  return { informer, requests, hanging, forbidden, graces, changes };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `not within 10 s: ${what}`);
    await systemClock.sleep(2);
  }
}

const names = (informer: ScopedInformer<KubernetesObject>) => informer.items().map(({ metadata }) => metadata.name);

test("nothing is requested while nothing is demanded, and the kind counts as served", async () => {
  const { informer, requests } = setUp();
  await informer.whenSynced;
  await systemClock.sleep(20);
  assert.deepEqual(requests, []);
  assert.deepEqual([informer.synced, informer.isPending, informer.type], [true, false, CONFIG_MAPS]);
  assert.deepEqual([informer.items(), informer.isRead("a")], [[], false]);
});

test("a demanded namespace is read, and no other; its subscribers are notified", async () => {
  const { informer, requests, changes } = setUp();
  informer.demand(new Set(["b"]));
  assert.deepEqual([informer.isPending, informer.isRead("b"), informer.synced], [true, false, true]);
  await until("b is read", () => informer.isRead("b"));
  await until("told", () => changes.includes(""));
  await until("watched", () => requests.includes("watch b"));
  assert.deepEqual(requests, ["list b", "watch b"]);
  assert.deepEqual([names(informer), informer.isRead("a")], [["two"], false]);
  assert.equal(informer.get("b/two")?.metadata.uid, "b-two");
  assert.equal(informer.get("a/one"), undefined);
  assert.equal(informer.items(), informer.items(), "the same array while nothing changes");
});

test("the scope of all namespaces covers each of them", async () => {
  const { informer, requests } = setUp();
  informer.demand(new Set([ALL_NAMESPACES]));
  await until("read", () => informer.isRead("a") && informer.isRead("c"));
  assert.deepEqual(names(informer), ["one", "two", "three"]);
  assert.equal(informer.get("c/three")?.metadata.uid, "c-three");
  await until("watched", () => requests.includes("watch *"));
  assert.deepEqual(requests, ["list *", "watch *"]);
});

test("a scope that is demanded again within the grace period continues; after the period it stops and is dropped", async () => {
  const { informer, requests, graces } = setUp();
  informer.demand(new Set(["a"]));
  await until("a is read", () => informer.isRead("a"));
  informer.demand(new Set());
  informer.demand(new Set());
  assert.equal(graces.length, 1, "one grace period for one end");
  assert.deepEqual(names(informer), ["one"], "kept for the grace period");
  informer.demand(new Set(["a"]));
  assert.equal(graces[0]?.signal?.aborted, true);
  assert.deepEqual(requests.filter((line) => line === "list a").length, 1);
  informer.demand(new Set());
  graces[1]?.end();
  await until("dropped", () => !informer.isRead("a"));
  assert.deepEqual(names(informer), []);
  assert.equal(informer.state.counts.lists, 1, "counts do not decrease");
  informer.demand(new Set(["a"]));
  assert.equal(informer.isRead("a"), false, "what was dropped is read again before it is known");
  await until("a is read again", () => informer.isRead("a"));
});

test("required namespaces are read from the start, and no demand ends them; a slow one keeps only itself waiting", async () => {
  const { informer, requests, graces, hanging } = setUp(["a", "b"]);
  assert.equal(informer.synced, false);
  await informer.whenSynced;
  assert.deepEqual(names(informer), ["one", "two"]);
  hanging.add("c");
  informer.demand(new Set(["c"]));
  await until("c is requested", () => requests.includes("list c"));
  assert.deepEqual([informer.synced, informer.isPending, informer.isRead("a")], [true, true, true]);
  informer.demand(new Set());
  assert.equal(graces.length, 1, "of c alone");
});

test("a namespace without the right to read it is unreadable and not pending, and others are read; when the right is granted it is read", async () => {
  const { informer, forbidden, changes } = setUp();
  assert.equal(informer.unreadableScopes().size, 0);
  forbidden.add("a");
  informer.demand(new Set(["a", "b"]));
  assert.deepEqual([informer.isUnreadable("a"), informer.isPending], [false, true], "it may still be granted");
  await until("b is read", () => informer.isRead("b"));
  const notifications = changes.filter((key) => key === "").length;
  await until("a is unreadable", () => informer.isUnreadable("a"));
  assert.equal(changes.filter((key) => key === "").length, notifications + 1);
  assert.deepEqual([informer.isRead("a"), informer.isPending, informer.isUnreadable("b")], [false, false, false]);
  assert.deepEqual(informer.unreadableScopes(), new Set(["a"]));
  assert.equal(informer.unreadableScopes(), informer.unreadableScopes(), "the same set while nothing changes");
  assert.notEqual(informer.state.failure, undefined, "the failure stays visible");
  forbidden.delete("a");
  await until("a is read", () => informer.isRead("a"));
  await until("notified", () => changes.includes("a/one"));
  assert.deepEqual(
    [informer.isUnreadable("a"), informer.unreadableScopes().size, names(informer)],
    [false, 0, ["one", "two"]],
  );
});

test("without the right to read all namespaces, each of them is unreadable; an end of the demand forgets that", async () => {
  const { informer, forbidden, graces } = setUp();
  forbidden.add("*");
  informer.demand(new Set([ALL_NAMESPACES]));
  await until("unreadable", () => informer.isUnreadable("a") && informer.isUnreadable("b"));
  assert.deepEqual(informer.unreadableScopes(), new Set([ALL_NAMESPACES]));
  informer.demand(new Set());
  graces[0]?.end();
  await until("dropped", () => !informer.isUnreadable("a"));
  assert.equal(informer.unreadableScopes().size, 0);
});

test("a required namespace without the right to read it keeps the informer unsynced, unless it may start without", async () => {
  const strict = setUp(["a", "b"]);
  strict.forbidden.add("a");
  await until("a is unreadable", () => strict.informer.isUnreadable("a"));
  await until("b is read", () => strict.informer.isRead("b"));
  assert.equal(strict.informer.synced, false);
  strict.forbidden.delete("a");
  await strict.informer.whenSynced;

  const { informer, forbidden } = setUp(["a", "b"], true);
  forbidden.add("a");
  assert.equal(informer.synced, false);
  await informer.whenSynced;
  assert.deepEqual(
    [informer.synced, informer.isPending, informer.isRead("a"), names(informer)],
    [true, false, false, ["two"]],
  );
  forbidden.delete("a");
  await until("a is read", () => informer.isRead("a"));
  assert.deepEqual(names(informer), ["one", "two"]);
});

test("references demand all namespaces without a restriction, otherwise the allowed ones", () => {
  assert.deepEqual(scopesFor([], undefined), new Set());
  assert.deepEqual(scopesFor(["a", "b"], undefined), new Set([ALL_NAMESPACES]));
  assert.deepEqual(scopesFor(["a", "b", "a"], new Set(["a", "c"])), new Set(["a"]));
});
