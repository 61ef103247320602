import assert from "node:assert/strict";
import { test } from "node:test";
import { completeTree, directory, file, symlink } from "./rootfs.ts";

test("parents are added before their children, and once", () => {
  const tree = completeTree([file("/usr/bin/node", "n", true), file("/usr/bin-extra", "e"), directory("/usr/bin")]);
  assert.deepEqual(
    tree.map((entry) => entry.path),
    ["usr", "usr/bin", "usr/bin-extra", "usr/bin/node"],
  );
});

test("of two entries with one path the later wins", () => {
  const tree = completeTree([file("/a", "first"), symlink("/a", "second")]);
  assert.deepEqual(tree, [{ type: "symlink", path: "a", target: "second" }]);
});

test("/tmp is for all to write, other directories are not", () => {
  const modes = completeTree([file("/tmp/x", ""), directory("/var/tmp/"), directory("/srv/tmp")]).flatMap((entry) =>
    entry.type === "directory" ? [[entry.path, entry.mode.toString(8)]] : [],
  );
  assert.deepEqual(modes, [
    ["srv", "755"],
    ["srv/tmp", "755"],
    ["tmp", "1777"],
    ["var", "755"],
    ["var/tmp", "1777"],
  ]);
});

test("a file cannot also be a directory", () => {
  assert.throws(() => completeTree([file("/a", ""), file("/a/b", "")]), /\/a is a file/);
});
