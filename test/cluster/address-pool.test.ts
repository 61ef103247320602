/** The one decision of ours in the cluster's Go code, which LoadBalancer address a Service has, is tested in Go. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand } from "../support/run-command.ts";

it("gives LoadBalancer addresses as its Go tests say", async () => {
  const module = fileURLToPath(new URL("../../hack/cluster/hyper", import.meta.url));
  const env = { GOTOOLCHAIN: "local" };
  // The first run compiles Go's standard library.
  const { code, stdout, stderr } = await runCommand("go", ["-C", module, "test", "-count=1", "-v", "./addresses"], {
    env,
    timeoutMs: 10 * 60_000,
  });
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stdout.match(/^--- PASS/gm)?.length, 3);
});
