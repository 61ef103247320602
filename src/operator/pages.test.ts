import assert from "node:assert/strict";
import { test } from "node:test";
import type { SubscriberView } from "../control/server/gateway-feeds.ts";
import type { InformerView } from "./informer/informer-set.ts";
import { ApiError } from "./kube/api-error.ts";
import { operatorPages } from "./pages.ts";
import { firstMissing, readinessChecks } from "./readiness.ts";

const proxy = (gateway: string, proxyId: string, lagMs: number, report?: SubscriberView["report"]): SubscriberView => ({
  ...{ gateway, proxyId, lagMs, report },
  published: "2",
});
const served: InformerView = {
  ...{ name: "gateways", kind: "Gateway", synced: true, apiVersion: "gateway.networking.k8s.io/v1", objects: 3 },
  ...{ counts: { lists: 1, watches: 2, failures: 0 }, silenceMs: 12.4, failure: undefined },
};

function pages(subscribers: readonly SubscriberView[], informers: readonly InformerView[] = []) {
  return operatorPages({
    ...{ leading: () => true, leader: () => "pod_uid", queue: () => ({ changes: 1, oldestMs: 2.6 }) },
    ...{ subscribers: () => subscribers, informers: () => informers },
  });
}

async function body(page: { read(query: URLSearchParams): Promise<unknown> }, query = "") {
  return ((await page.read(new URLSearchParams(query))) as { readonly body: unknown }).body;
}

test("the stream's page says who is subscribed, what each serves, and puts who is furthest behind first", async () => {
  const refusal = { revision: "2", reason: "duplicate_hostname", message: "twice" } as const;
  const report: SubscriberView["report"] = {
    revision: "1",
    listeners: [
      { key: "l1", version: "v", state: "bound" },
      { key: "l2", version: "v", state: "failed", reason: "port_in_use", message: "in use" },
    ],
    unresolvedHosts: [],
    refusal,
  };
  const { "/stream": page } = pages([proxy("a/g", "p0", 0), proxy("a/g", "p1", 30.2, report), proxy("b/g", "p2", 5)]);
  assert.equal(page.isPrivate, true);
  const shown = {
    ...{ gateway: "a/g", proxyId: "p1", published: "2", revision: "1", lagMs: 30 },
    listeners: { bound: 1, failed: [{ listener: "l2", reason: "port_in_use", problem: "in use" }] },
    refusal,
  };
  const unheard = {
    ...{ gateway: "a/g", proxyId: "p0", published: "2", revision: undefined, lagMs: 0 },
    listeners: { bound: 0 },
  };
  assert.deepEqual(await body(page, "gateway=a/g"), {
    ...{ leading: true, leader: "pod_uid", queue: { changes: 1, oldestMs: 3 } },
    ...{ subscribers: 2, truncated: false, proxies: [shown, unheard] },
  });
});

test("a very long list is cut, and says so", async () => {
  const { "/stream": page } = pages(Array.from({ length: 1_001 }, (_, i) => proxy("a/g", `p${i}`, i)));
  const { subscribers, truncated, proxies } = (await body(page)) as Record<string, unknown>;
  assert.deepEqual([subscribers, truncated, (proxies as unknown[]).length], [1_001, true, 1_000]);
});

test("the informers' page says what is held and what fails, and since when", async () => {
  const error = new ApiError({ type: "Unreachable" }, "GET /x: connect ECONNREFUSED");
  const failing: InformerView = {
    ...{ ...served, name: "secrets", kind: "Secret", synced: false, apiVersion: undefined, silenceMs: undefined },
    failure: { error, attempts: 3, sinceMs: 1_500 },
  };
  const { "/informers": page } = pages([], [served, failing]);
  assert.equal(page.isPrivate, true);
  const counts = { lists: 1, watches: 2, failures: 0 };
  assert.deepEqual(await body(page), [
    {
      ...{ informer: "gateways", kind: "Gateway", apiVersion: "gateway.networking.k8s.io/v1", synced: true },
      ...{ objects: 3, silenceMs: 12, ...counts },
    },
    {
      ...{ informer: "secrets", kind: "Secret", apiVersion: undefined, synced: false, objects: 3, ...counts },
      failing: { sinceMs: 1_500, attempts: 3, problem: "the API server cannot be reached" },
    },
  ]);
});

test("readiness names the first thing that is missing, and each by itself", () => {
  const informers = { notSynced: () => "TLSRoute (why)" };
  const synced = { notSynced: () => undefined };
  const parts = { certificates: {}, admission: { isReady: () => true, problem: () => undefined }, isEnding: false };
  assert.equal(firstMissing(readinessChecks({ ...parts, informers })), "waiting for TLSRoute (why)");
  assert.match(firstMissing(readinessChecks({ informers, isEnding: false })) ?? "", /^waiting for the Secret/);
  assert.equal(firstMissing(readinessChecks({ ...parts, informers: synced })), undefined);
  assert.equal(firstMissing(readinessChecks({ ...parts, informers: synced, isEnding: true })), "ending");
  const notAsked = {
    ...parts,
    admission: { isReady: () => false, problem: () => "Pepr has no store" },
    informers: synced,
  };
  assert.equal(firstMissing(readinessChecks(notAsked)), undefined, "the stream waits for no admission");
  assert.equal(readinessChecks(notAsked).at(-1)?.missing, "Pepr has no store");
  assert.deepEqual(
    readinessChecks(notAsked).map(({ name, missing }) => [name, missing === undefined]),
    [
      ["lifecycle", true],
      ["certificates", true],
      ["informers", true],
      ["admission", false],
    ],
  );
});
