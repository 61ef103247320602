import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { ExitHook } from "./exit-hook.ts";

test("an exit makes all calls that are left, by one listener that goes with the last of them", () => {
  const target = new EventEmitter();
  const hook = new ExitHook(target);
  const made: string[] = [];
  const removals = ["a", "b", "c"].map((name) => hook.add(() => made.push(name)));
  assert.equal(target.listenerCount("exit"), 1);
  removals[1]?.();
  target.emit("exit");
  assert.deepEqual(made, ["a", "c"]);
  for (const remove of removals) remove();
  assert.equal(target.listenerCount("exit"), 0);
  hook.add(() => made.push("d"));
  target.emit("exit");
  assert.deepEqual(made, ["a", "c", "d"]);
});
