import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { METRICS_FILE, renderMetrics } from "./metrics.ts";

test("the reference has the metrics of the code", async () => {
  const mend = "node hack/generate-reference/metrics.ts";
  const rendered = await renderMetrics();
  assert.match(rendered, /\| `fsm_gateway_connections_total` \| counter \| `listener`, `reason` \|/);
  assert.equal(readFileSync(METRICS_FILE, "utf8"), rendered, mend);
});
