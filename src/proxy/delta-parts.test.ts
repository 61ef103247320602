import assert from "node:assert/strict";
import { test } from "node:test";
import { deltaBetween, route } from "../../test/wire/config.ts";
import { DeltaParts, inParts } from "./delta-parts.ts";

const routes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => route(`r${from + index}`, "l", [`h${from + index}.example.com`], {}));

test("a small delta is one message, the delta itself", () => {
  const delta = deltaBetween(routes(0, 1), routes(1, 2));
  const { parts, rest } = inParts(delta);
  assert.deepEqual([...parts], []);
  assert.equal(new DeltaParts().complete(rest), delta);
});

test("a large delta is many, and the same when they are put together; the next begins anew", () => {
  const delta = deltaBetween(routes(0, 2_000), routes(1_000, 3_000));
  assert.deepEqual([delta.upserts.size, delta.removals.length], [1_000, 1_000]);
  const assembly = new DeltaParts();
  for (let round = 0; round < 2; round++) {
    const { parts, rest } = inParts(delta);
    const all = [...parts];
    for (const part of all) assembly.add(structuredClone(part));
    assert.ok(all.length >= 8 && all.every(({ upserts, removals }) => upserts.length + removals.length <= 256));
    assert.deepEqual(assembly.complete(rest), delta);
  }
});
