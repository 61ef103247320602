import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import { isSameToTranslator } from "./judged.ts";
import { Store } from "./store.ts";

interface Route extends KubernetesObject {
  readonly spec: { readonly hostnames: readonly string[] };
  readonly status?: { readonly parents: readonly { readonly controllerName: string; readonly said?: string }[] };
}

const route = (
  resourceVersion: string,
  changes: Partial<Route> & { generation?: number; uid?: string } = {},
): Route => {
  const { generation = 1, uid = "u", ...rest } = changes;
  const metadata = { namespace: "ns", name: "r", uid, generation, resourceVersion };
  return { apiVersion: "v1", kind: "TLSRoute", metadata, spec: { hostnames: ["a.test"] }, ...rest };
};
const parents = (controllerName: string, said?: string) => ({
  parents: [{ controllerName, ...(said !== undefined && { said }) }],
});
const stored = (first: Route) => {
  const store = new Store<Route>((before, now) => isSameToTranslator(CONTROLLER_NAME, before, now));
  assert.equal(store.put(first), "ns/r");
  return store;
};

test("a status that comes back is told and read, and the list stays the same", () => {
  const store = stored(route("1", { status: parents(CONTROLLER_NAME, "before") }));
  const before = store.items();
  const now = route("2", { status: parents(CONTROLLER_NAME, "now") });
  assert.equal(store.put(now), "ns/r");
  assert.equal(store.items(), before);
  assert.deepEqual(store.get("ns/r"), now);
  assert.equal(store.get("ns/r")?.spec, before[0]?.spec, "one spec in memory");
  assert.equal(store.put(now), undefined, "the same version again is no news");
});

test("an entry of ours that comes or goes, another spec or uid is another object for all", () => {
  const first = route("1", { status: parents("other") });
  for (const now of [
    route("2", { status: parents(CONTROLLER_NAME) }),
    route("2", { generation: 2, spec: { hostnames: ["b.test"] } }),
    route("2", { uid: "v", status: parents("other") }),
  ]) {
    const store = stored(first);
    store.put(route("1.5", { status: parents("other", "more") }));
    store.put(now);
    assert.deepEqual(store.items(), [now]);
    assert.equal(store.get("ns/r"), now);
  }
});

test("an object without a generation is never taken for the same", () => {
  const { generation: _, ...metadata } = route("1").metadata;
  const store = stored(route("1", { metadata }));
  const now = route("2", { metadata: { ...metadata, resourceVersion: "2" } });
  store.put(now);
  assert.deepEqual(store.items(), [now]);
});

test("a relist changes the list only for what says something else, and forgets what is gone", () => {
  const store = stored(route("1"));
  const before = store.items();
  assert.deepEqual(store.replace([route("1")]), []);
  assert.equal(store.items(), before);
  assert.deepEqual(store.replace([route("2", { status: parents("other") })]), ["ns/r"]);
  assert.equal(store.items(), before);
  assert.deepEqual(store.get("ns/r")?.status, parents("other"));
  assert.deepEqual(store.replace([]), ["ns/r"]);
  assert.deepEqual([store.items(), store.get("ns/r"), store.size], [[], undefined, 0]);
});
