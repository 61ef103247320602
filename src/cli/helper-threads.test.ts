import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const skip = process.platform === "linux" ? false : "threads have no priorities of their own here";
const MODULE = new URL("./helper-threads.ts", import.meta.url).href;

/** In a process of its own: what is given away does not come back. */
const PROGRAM = `
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { lowerHelperThreads } from ${JSON.stringify(MODULE)};
const before = getPriority(0);
const lowered = lowerHelperThreads();
const threads = readdirSync("/proc/self/task").map((id) => ({
  name: readFileSync("/proc/self/task/" + id + "/comm", "utf8").trim(),
  by: getPriority(Number(id)) - before,
}));
console.log(JSON.stringify({ before, lowered, threads }));
`;

test("V8's helper threads yield, and no other thread does", { skip }, () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", PROGRAM], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const { before, lowered, threads } = JSON.parse(stdout) as {
    before: number;
    lowered: number;
    threads: { name: string; by: number }[];
  };
  const [helpers, others] = [true, false].map((isHelper) =>
    threads.filter(({ name }) => name.includes("V8Worker") === isHelper),
  );
  assert.ok(helpers !== undefined && helpers.length > 0, "this Node calls them something else");
  assert.equal(lowered, helpers.length);
  const by = Math.min(10, 19 - before);
  assert.deepEqual(
    helpers.map((helper) => helper.by),
    helpers.map(() => by),
  );
  assert.deepEqual(
    others?.filter((other) => other.by !== 0),
    [],
  );
});
