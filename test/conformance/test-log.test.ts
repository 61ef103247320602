import assert from "node:assert/strict";
import { test } from "node:test";
import { TestLog } from "./test-log.ts";

const OUTPUT = `=== RUN   TestConformance
    conformance.go:1: set up
=== RUN   TestConformance/Good
=== PAUSE TestConformance/Good
=== RUN   TestConformance/Absent
    Skipping Absent
--- SKIP: TestConformance/Absent (0.00s)
=== RUN   TestConformance/Bad
=== CONT  TestConformance/Good
    all is well
=== NAME  TestConformance/Bad
    something is wrong
=== RUN   TestConformance/Bad/part
    in this part
    --- FAIL: TestConformance/Bad/part (1.00s)
--- FAIL: TestConformance/Bad (2.00s)
--- PASS: TestConformance/Good (3.00s)
--- FAIL: TestConformance (4.00s)
`;

test("outcomes are shown as they come, and all that a failed test said", () => {
  const shown: string[] = [];
  const log = new TestLog((line) => shown.push(line.trim()));
  for (const line of OUTPUT.trimEnd().split("\n")) log.line(line);
  assert.deepEqual(shown, [
    "--- FAIL: TestConformance/Bad (2.00s)",
    "something is wrong",
    "in this part",
    "--- FAIL: TestConformance/Bad/part (1.00s)",
    "--- PASS: TestConformance/Good (3.00s)",
    "--- FAIL: TestConformance (4.00s)",
    "conformance.go:1: set up",
  ]);
  assert.deepEqual(log.counts, { PASS: 1, FAIL: 1, SKIP: 1 });
});
