import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { PersistentMap } from "./persistent-map.ts";

const keyOf = (index: number) => `ns/gw/foo host-${index}.example.com`;
const many = Array.from({ length: 100_000 }, (_, index): [string, number] => [keyOf(index), index]);

function mapOf(entries: readonly (readonly [string, number])[]): PersistentMap<number> {
  const draft = PersistentMap.empty<number>().edit();
  for (const [key, value] of entries) draft.set(key, value);
  return draft.commit();
}

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
        const keys = new Set([...old.keys(), ...map.keys()]);
        const others = [...keys].filter((key) => old.get(key) !== map.get(key));
        assert.deepEqual([...map.othersThan(old)].sort(), others.sort());
        assert.deepEqual([...old.othersThan(map)].sort(), others);
      }
      assert.deepEqual([...map.entries()].sort(), [...model].sort());
      assert.equal(map.size, model.size);
      for (const [key, value] of model) assert.equal(map.get(key), value);
    }),
  );
});

test("tells what is other than in a version before, whether leaves were split since or not", () => {
  const few = mapOf(many.slice(0, 40));
  const more = mapOf(many.slice(20, 60));
  const places = [...Array.from({ length: 20 }, (_, i) => i), ...Array.from({ length: 20 }, (_, i) => 40 + i)];
  assert.deepEqual([...more.othersThan(few)].sort(), places.map(keyOf).sort());
  assert.deepEqual([...few.othersThan(more)].sort(), places.map(keyOf).sort());
  const draft = mapOf(many).edit();
  draft.set(keyOf(7), -1);
  draft.delete(keyOf(8));
  draft.set("new", 1);
  assert.deepEqual([...draft.commit().othersThan(mapOf(many))].length, 3);
});

test("a commit without edits is the map itself", () => {
  const map = mapOf([["a", 1]]);
  assert.equal(map.edit().commit(), map);
  const draft = map.edit();
  draft.delete("b");
  assert.equal(draft.commit(), map);
  assert.equal(map.has("a"), true);
  assert.equal(map.has("b"), false);
});

test("a draft that goes on after its commit leaves alone what it has given", () => {
  const draft = mapOf(many).edit();
  draft.set(keyOf(1), -1);
  const given = draft.commit();
  for (const [key] of many) draft.set(key, -2);
  draft.set("new", 0);
  assert.deepEqual(
    [given.size, given.get(keyOf(1)), given.get(keyOf(2)), given.get("new")],
    [many.length, -1, 2, undefined],
  );
  assert.equal(draft.commit().get(keyOf(2)), -2);
});

test("finds each of a hundred thousand keys, and none when they are gone", () => {
  const map = mapOf(many);
  assert.equal(map.size, many.length);
  assert.ok(many.every(([key, value]) => map.get(key) === value));
  assert.equal([...map.entries()].length, many.length);
  const draft = map.edit();
  for (const [key] of many) draft.delete(key);
  const none = draft.commit();
  assert.equal(none.size, 0);
  assert.deepEqual([...none.values()], []);
  assert.ok(many.every(([key]) => !none.has(key) && map.has(key)));
});

test("which keys are together in a leaf cannot be foreseen: it differs from process to process", async () => {
  const url = new URL("./persistent-map.ts", import.meta.url).href;
  // A thread loads the module again, as a process does.
  const program = `
    import(${JSON.stringify(url)}).then(({ PersistentMap }) => {
      const draft = PersistentMap.empty().edit();
      for (let index = 0; index < 500; index++) draft.set("name-" + index, index);
      require("node:worker_threads").parentPort.postMessage([...draft.commit().keys()].join());
    });
  `;
  const orders = await Promise.all(
    [1, 2].map(async () => {
      const [order] = (await once(new Worker(program, { eval: true }), "message")) as [string];
      return order;
    }),
  );
  assert.notEqual(orders[0], orders[1]);
  assert.equal(orders[0]?.split(",").toSorted().join(), orders[1]?.split(",").toSorted().join());
});
