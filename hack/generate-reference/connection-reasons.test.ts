import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CONNECTION_REASONS } from "../../src/model/connection-reason.ts";
import { REFERENCE_FILE, renderReference } from "./connection-reasons.ts";

test("the reference has the words of the code", () => {
  const mend = "node hack/generate-reference/connection-reasons.ts";
  assert.equal(readFileSync(REFERENCE_FILE, "utf8"), renderReference(), mend);
});

test("every reason is asked for by a test of the data plane", () => {
  const root = join(import.meta.dirname, "../../src/proxy");
  const tests = globSync("**/*.test.ts", { cwd: root }).map((file) => readFileSync(join(root, file), "utf8"));
  const untested = Object.keys(CONNECTION_REASONS).filter(
    (reason) => !tests.some((text) => text.includes(`"${reason}"`)),
  );
  assert.deepEqual(untested, []);
});
