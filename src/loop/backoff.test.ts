import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffMs } from "./backoff.ts";

const limits = { firstMs: 100, maxMs: 30_000 };

test("the upper bound doubles up to the limit", () => {
  const bounds = [1, 2, 3, 9, 10, 1000].map((failures) => backoffMs(failures, limits, () => 1));
  assert.deepEqual(bounds, [100, 200, 400, 25_600, 30_000, 30_000]);
});

test("a wait lies between a tenth of its bound and the bound", () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      const bound = backoffMs(failures, limits, () => 1);
      const wait = backoffMs(failures, limits, () => random);
      assert.ok(wait >= bound / 10 - 1e-9 && wait <= bound, `${wait} of ${bound}`);
    }),
  );
});
