import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { SETTLE_MS, SettledPorts } from "./settled-ports.ts";

function deployments(readyPorts: readonly number[], address = "192.0.2.1"): ReadonlyMap<string, ObservedDeployment> {
  return new Map([["ns/g", { addresses: [{ type: "IPAddress", value: address }], readyPorts, proxies: [] }]]);
}

function stage() {
  const state = { nowMs: 0, news: 0 };
  const ports = new SettledPorts(
    () => state.nowMs,
    () => state.news++,
  );
  const settled = (...args: Parameters<typeof deployments>) =>
    ports.settle(deployments(...args)).get("ns/g")?.readyPorts;
  return { state, ports, settled };
}

test("what is ready at the first look counts at once", () => {
  const { state, settled } = stage();
  assert.deepEqual(settled([8000]), [8000]);
  assert.equal(state.news, 0);
});

test("what becomes ready later counts after a moment, and says once that it is new", () => {
  const { state, settled } = stage();
  settled([8000]);
  assert.deepEqual(settled([8000, 8001]), [8000]);
  state.nowMs = SETTLE_MS - 1;
  assert.deepEqual(settled([8000, 8001]), [8000]);
  state.nowMs = SETTLE_MS;
  assert.deepEqual(settled([8000, 8001]), [8000, 8001]);
  assert.equal(state.news, 1);
});

test("a port that was not ready in between, or has another address, begins anew", () => {
  const { state, settled } = stage();
  settled([8000]);
  settled([]);
  assert.deepEqual(settled([8000]), []);
  state.nowMs = SETTLE_MS;
  assert.deepEqual(settled([8000]), [8000]);
  assert.deepEqual(settled([8000], "192.0.2.2"), []);
});

test("a new term begins with what is there", () => {
  const { ports, settled } = stage();
  settled([]);
  ports.clear();
  assert.deepEqual(settled([8000]), [8000]);
});

test("a deployment that is as before is the same object, one that changed is another", () => {
  const { ports } = stage();
  const first = ports.settle(deployments([8000])).get("ns/g");
  assert.equal(ports.settle(deployments([8000])).get("ns/g"), first);
  assert.notEqual(ports.settle(deployments([8000], "192.0.2.2")).get("ns/g"), first);
});
