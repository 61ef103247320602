import assert from "node:assert/strict";
import { test } from "node:test";
import { NamespaceTurns } from "./namespace-turns.ts";

const item = (namespace: string, name: string) => ({ namespace, name });
const many = (namespace: string, count: number) =>
  Array.from({ length: count }, (_, i) => item(namespace, `${namespace}${i}`));

interface Item {
  readonly namespace?: string;
  readonly name: string;
}

function take(items: Iterable<Item>, count: number): readonly string[] {
  const taken: string[] = [];
  for (const { name } of items) {
    taken.push(name);
    if (taken.length === count) break;
  }
  return taken;
}

test("namespaces take turns, and items of one namespace stay in their order", () => {
  const items = [...many("a", 4), ...many("b", 1), ...many("c", 2)];
  assert.deepEqual(take(new NamespaceTurns().order(items), 10), ["a0", "b0", "c0", "a1", "c1", "a2", "a3"]);
});

test("the order goes on with the namespace whose turn was next when the caller stopped", () => {
  const turns = new NamespaceTurns();
  const items = ["a", "b", "c"].flatMap((namespace) => many(namespace, 3));
  assert.deepEqual(take(turns.order(items), 2), ["a0", "b0"]);
  assert.deepEqual(take(turns.order(items), 2), ["c0", "a0"]);
  assert.deepEqual(take(turns.order(items), 1), ["b0"]);
});

test("a namespace whose turn was next may have nothing left, and objects without a namespace count as one", () => {
  const turns = new NamespaceTurns();
  take(turns.order([...many("a", 1), ...many("b", 1)]), 1);
  assert.deepEqual(take(turns.order<Item>([...many("c", 1), { name: "class" }]), 5), ["c0", "class"]);
  assert.deepEqual(take(turns.order<Item>([]), 5), []);
});
