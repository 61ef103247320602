import assert from "node:assert/strict";
import { test } from "node:test";
import { readScopeFromArguments } from "./read-scope-options.ts";

test("the operator's arguments define where it reads Secrets and ConfigMaps; other arguments are ignored", () => {
  const scopeOf = (...args: string[]) => readScopeFromArguments(["operator", "--log-level=info", ...args]);
  assert.deepEqual(scopeOf(), { terminate: true, namespaces: undefined });
  assert.deepEqual(scopeOf("--terminate=false", "--watch-namespaces=a,b"), {
    terminate: false,
    namespaces: new Set(["a", "b"]),
  });
  const both = scopeOf("--watch-namespaces=a,b", "--certificate-namespaces=a");
  assert.deepEqual(both.namespaces, new Set(["a"]));
});
