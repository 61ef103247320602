import assert from "node:assert/strict";
import { test } from "node:test";
import { concurrently, failuresOf } from "./concurrently.ts";

test("no more run at once than allowed, and the outcomes are in order", async () => {
  let running = 0;
  let most = 0;
  const outcomes = await concurrently(
    Array.from({ length: 20 }, (_, i) => i),
    async (i) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return i * 2;
    },
    3,
  );
  assert.equal(most, 3);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value),
    Array.from({ length: 20 }, (_, i) => i * 2),
  );
});

test("one failure, thrown or rejected, keeps none of the others from being tried", async () => {
  const outcomes = await concurrently([1, 2, 3, 4], (i) => {
    if (i === 2) throw new Error("thrown");
    return i === 3 ? Promise.reject(new Error("rejected")) : Promise.resolve(i);
  });
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "rejected", "fulfilled"],
  );
  assert.deepEqual(
    failuresOf(outcomes).map((error) => (error as Error).message),
    ["thrown", "rejected"],
  );
});

test("an item is taken only when its task starts, so that the items may end early", async () => {
  let ended = 0;
  let taken = 0;
  function* untilTwoHaveEnded() {
    while (ended < 2) yield taken++;
  }
  const outcomes = await concurrently(
    untilTwoHaveEnded(),
    async () => {
      await new Promise((resolve) => setImmediate(resolve));
      ended++;
    },
    2,
  );
  assert.ok(taken <= 3, `${taken} items were taken`);
  assert.equal(outcomes.length, taken);
});

test("nothing to do is done at once", async () => {
  assert.deepEqual(await concurrently([], async () => undefined), []);
});
