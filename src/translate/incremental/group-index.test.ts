import assert from "node:assert/strict";
import { test } from "node:test";
import { GroupIndex } from "./group-index.ts";

interface Element {
  readonly group: string;
  readonly id: number;
}

test("groups are in the order of the list, whether it is another list or the same with changes", () => {
  const index = new GroupIndex<Element>(({ group }) => [group]);
  const [a1, a2, b1] = [
    { group: "a", id: 1 },
    { group: "a", id: 2 },
    { group: "b", id: 1 },
  ];
  assert.deepEqual([...index.update([a1, b1, a2])].sort(), ["a", "b"]);
  assert.deepEqual([index.get("a"), index.get("b")], [[a1, a2], [b1]]);
  const group = index.get("b");
  assert.deepEqual([...index.update([a2, a1, b1])], ["a"]);
  assert.deepEqual(index.get("a"), [a2, a1]);
  assert.equal(index.get("b"), group);
  assert.deepEqual([...index.update([a2])].sort(), ["a", "b"]);
  assert.deepEqual([index.get("a"), index.get("b")], [[a2], undefined]);
});
