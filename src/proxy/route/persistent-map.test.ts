import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PersistentMap } from "./persistent-map.ts";

test("behaves like a map, and old versions stay as they were", () => {
  const edits = fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.option(fc.nat(), { nil: undefined })), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(fc.array(edits, { maxLength: 5 }), (versions) => {
      const model = new Map<string, number>();
      let map = PersistentMap.empty<number>();
      for (const version of versions) {
        const old = map;
        const before = [...old.entries()].sort();
        const draft = old.edit();
        for (const [key, value] of version) {
          if (value === undefined) draft.delete(key);
          else draft.set(key, value);
          if (value === undefined) model.delete(key);
          else model.set(key, value);
          assert.equal(draft.get(key), value);
        }
        map = draft.commit();
        assert.deepEqual([...old.entries()].sort(), before);
      }
      assert.deepEqual([...map.entries()].sort(), [...model].sort());
      assert.equal(map.size, model.size);
      for (const [key, value] of model) assert.equal(map.get(key), value);
    }),
  );
});

test("a commit without edits is the map itself", () => {
  const map = PersistentMap.empty<number>().with(new Map([["a", 1]]));
  assert.equal(map.edit().commit(), map);
  assert.equal(map.has("a"), true);
  assert.equal(map.has("b"), false);
});

test("finds one of a hundred thousand keys", () => {
  const map = PersistentMap.empty<number>().with(
    new Map(Array.from({ length: 100_000 }, (_, index) => [`ns/gw/foo host-${index}.example.com`, index])),
  );
  assert.equal(map.size, 100_000);
  assert.equal(map.get("ns/gw/foo host-77777.example.com"), 77_777);
});
