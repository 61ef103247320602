import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { REFERENCE_FILE, renderReference } from "./connection-reasons.ts";

test("the reference has the words of the code", () => {
  const mend = "node hack/generate-reference/connection-reasons.ts";
  assert.equal(readFileSync(REFERENCE_FILE, "utf8"), renderReference(), mend);
});
