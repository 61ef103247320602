import assert from "node:assert/strict";
import { test } from "node:test";
import { RequeuedDescriptors } from "./requeued-descriptors.ts";

test("a descriptor has one entry, however often it is added", () => {
  const queue = new RequeuedDescriptors(8);
  for (const fd of [3, 5, 3, 3, 5]) queue.add(fd, 0);
  assert.deepEqual(queue.startIteration(), [3, 0, 5, 0]);
  assert.equal(queue.isEmpty, true);
});

test("an entry counts as queued until it is removed, and may then be added for the next iteration", () => {
  const queue = new RequeuedDescriptors(8);
  queue.add(3, 0);
  queue.startIteration();
  queue.add(3, 0);
  assert.equal(queue.isEmpty, true, "it is served in this iteration");
  queue.remove(3, 0);
  queue.add(3, 0);
  assert.deepEqual(queue.startIteration(), [3, 0]);
});

test("an entry that is added in an iteration without entries comes in the next one", () => {
  const queue = new RequeuedDescriptors(8);
  const entries = queue.startIteration();
  queue.add(3, 0);
  assert.deepEqual(entries, []);
  assert.deepEqual(queue.startIteration(), [3, 0]);
});

test("the next use of a number is queued although an entry of the last use is left", () => {
  const queue = new RequeuedDescriptors(8);
  queue.add(3, 0);
  queue.add(3, 1);
  assert.equal(queue.has(3, 0), false);
  assert.deepEqual(queue.startIteration(), [3, 0, 3, 1]);
  queue.remove(3, 0);
  assert.equal(queue.has(3, 1), true, "the entry of another generation stays");
});
