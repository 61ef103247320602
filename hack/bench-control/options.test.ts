import assert from "node:assert/strict";
import { test } from "node:test";
import { BadUsage, DEFAULT_REPORT, parseOptions } from "./options.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";

const parsed = (...args: string[]) => {
  const options = parseOptions(args, { CLUSTER_NAME: "mine" });
  assert.ok(options !== "help");
  return options;
};

test("a run of everything writes the page, a part of it does not unless told to", () => {
  assert.deepEqual(parsed().scenarios, SCENARIOS);
  assert.equal(parsed().report, DEFAULT_REPORT);
  assert.equal(parsed("--quick").report, undefined);
  assert.equal(parsed("--only", "scale").report, undefined);
  assert.equal(parsed("--only", "scale", "--report", "x.md").report, "x.md");
  assert.equal(parsed().cluster, "mine");
  assert.equal(parseOptions(["--help"]), "help");
});

test("scenarios come in the bench's order, and what is unknown is named", () => {
  assert.deepEqual(
    parsed("--only", "scale,attached-routes").scenarios.map(({ id }) => id),
    ["attached-routes", "scale"],
  );
  assert.throws(() => parsed("--only", "sclae"), /"sclae" is no scenario; there are attached-routes/);
  assert.throws(() => parsed("--fast"), BadUsage);
});
