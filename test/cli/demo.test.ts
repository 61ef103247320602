/** The demo is the README's first command: it must answer, and end. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const DEMO = join(import.meta.dirname, "../../hack/demo/demo.ts");
/** Not 8000: on a developer's machine it is often taken. */
const PORT = "18473";

test("npm run demo -- --check asks through the gateway and shows the answer and the statuses", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO, "--check", "--port", PORT]);
  assert.match(stdout, /"Host": "httpbin\.org"|Host: httpbin\.org/);
  assert.match(stdout, /Kind: +TLSRoute/);
  assert.match(stdout, /Message: +Attached to listener "foo"/);
  assert.match(stdout, /connection reason=completed serverName=httpbin\.org/);
});
