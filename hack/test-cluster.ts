/**
 * `npm run test:cluster [-- FILE…]`: the tests that need a real cluster, an API server or the built image, one file after the
 * other (two clusters at once starve two cores), and at the end Gateway API's conformance suite. It builds the image first,
 * since what is deployed must be what is checked out. A machine that lacks something fails here, with what it lacks.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
/** Quick ones first. */
const SUITES = [
  "test/conformance/*.test.ts",
  "test/chart/*.test.ts",
  "test/image/*.test.ts",
  "test/api/*.test.ts",
  "test/network/*.test.ts",
  "test/cluster/*.test.ts",
  "test/e2e/*.test.ts",
];

function run(command: string, args: readonly string[] = []): void {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

const chosen = process.argv.slice(2);
const files = chosen.length > 0 ? chosen : SUITES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }).sort());
if (process.platform !== "linux") {
  console.error(`test:cluster: missing: Linux (this is ${process.platform})`);
  process.exit(2);
}
// Says what the machine lacks, all of it; builds what is not built yet: about ten minutes the first time.
run("hack/cluster/setup");
run(process.execPath, ["hack/image/build.ts"]);
run(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files]);
// Last, and as programs of their own: what they print is theirs.
if (chosen.length === 0) {
  run(process.execPath, ["test/chaos/run.ts", "--quick"]);
  run(process.execPath, ["test/conformance/run.ts"]);
}
