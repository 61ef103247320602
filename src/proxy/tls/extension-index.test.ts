import assert from "node:assert/strict";
import { test } from "node:test";
import { ExtensionIndex } from "./extension-index.ts";

test("knows the types of one hello and none of the one before, for as many hellos as there are", () => {
  const index = new ExtensionIndex();
  // More hellos than there are stamps.
  for (let hello = 0; hello < 70_000; hello++) {
    index.clear();
    const type = hello % 64;
    assert.equal(index.has(type), false);
    assert.equal(index.add(type, hello, hello + 1), true);
    assert.equal(index.add(type, 0, 0), false, "twice");
    assert.equal(index.start(type), hello);
    assert.equal(index.end(type), hello + 1);
    assert.equal(index.end((type + 1) % 64), 0);
  }
  assert.equal(index.add(0xffff, 1, 2), true);
  assert.equal(index.has(0xffff), true);
});
