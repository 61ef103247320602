import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Multimap } from "./multimap.ts";

test("it holds what a map of sets would hold", () => {
  const values = [{}, {}, {}];
  const change = fc.record({ adds: fc.boolean(), key: fc.constantFrom("a", "b"), value: fc.constantFrom(...values) });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const model = new Map<string, Set<object>>([
        ["a", new Set()],
        ["b", new Set()],
      ]);
      const multimap = new Multimap<string, object>();
      for (const { adds, key, value } of changes) {
        if (adds) {
          model.get(key)?.add(value);
          multimap.add(key, value);
        } else {
          model.get(key)?.delete(value);
          multimap.delete(key, value);
        }
        for (const [each, expected] of model) assert.deepEqual(new Set(multimap.get(each)), expected);
      }
    }),
  );
});
