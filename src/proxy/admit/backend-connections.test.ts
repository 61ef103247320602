import assert from "node:assert/strict";
import { test } from "node:test";
import { BackendConnections, clearBackendCounts, createBackendCounts } from "./backend-connections.ts";

const path = { backend: "service/shop/web:443" };

test("the cap holds for all threads together, by the backend's name", () => {
  const shared = createBackendCounts(2, 3, 7);
  const [one, other] = [new BackendConnections(shared, 0), new BackendConnections(shared, 1)];
  const slots = [one.tryAcquire(path), other.tryAcquire({ ...path }), one.tryAcquire({ ...path })];
  assert.ok(slots.every((slot) => slot !== undefined));
  assert.equal(other.tryAcquire(path), undefined);
  assert.equal(one.tryAcquire(path), undefined);
  assert.notEqual(one.tryAcquire({ backend: "service/shop/other:443" }), undefined);
  other.release(slots[1] ?? 0);
  assert.notEqual(one.tryAcquire(path), undefined);
  assert.equal(one.tryAcquire(path), undefined);
});

test("the counters of a thread are cleared when the thread has exited", () => {
  const shared = createBackendCounts(2, 2, 7);
  const [one, other] = [new BackendConnections(shared, 0), new BackendConnections(shared, 1)];
  one.tryAcquire(path);
  other.tryAcquire(path);
  assert.equal(other.tryAcquire(path), undefined);
  clearBackendCounts(shared, 0);
  assert.notEqual(other.tryAcquire(path), undefined);
  assert.equal(other.tryAcquire(path), undefined);
});

test("names are spread by the seed, so that none can be chosen to share a backend's column", () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `service/shop/web-${index}:443`);
  const columns = (seed: number) => {
    const connections = new BackendConnections(createBackendCounts(1, 1_000, seed), 0);
    return names.map((backend) => connections.tryAcquire({ backend }));
  };
  const [first, second] = [columns(1), columns(2)];
  assert.ok(new Set(first).size > 900);
  assert.ok(first.filter((column, index) => column === second[index]).length < 10);
});
