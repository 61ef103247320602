import assert from "node:assert/strict";
import { test } from "node:test";
import { operatorFamilies } from "../../hack/generate-reference/metrics.ts";
import { sampledOperatorMetrics } from "../../hack/generate-reference/operator-sample.ts";

test("every metric has a sample, and its value is what was told or asked, in base units", async () => {
  const metrics = sampledOperatorMetrics();
  // What the informers count must not be added up from reading to reading.
  await metrics.expose();
  const text = await metrics.expose();
  const samples = new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
  const expected = {
    'publish_seconds_sum{outcome="succeeded"}': 0.001,
    'publish_seconds_count{outcome="failed"}': 0,
    'write_seconds_sum{outcome="succeeded"}': 0.002,
    'changes_total{kind="Gateway"}': 1,
    'kicks_total{cause="change"}': 1,
    change_published_seconds_sum: 0.01,
    'status_writes_total{kind="Gateway",outcome="ok"}': 1,
    'applies_total{verb="apply",kind="Service",outcome="conflict"}': 1,
    'events_total{outcome="limited"}': 1,
    'stream_acknowledgement_seconds_sum{outcome="applied"}': 0.02,
    'stream_subscriptions_total{outcome="admitted"}': 1,
    'leader_transitions_total{to="leading"}': 1,
    'leader_transitions_total{to="following"}': 0,
    'admission_reviews_total{verdict="refused"}': 1,
    admission_review_seconds_count: 1,
    leading: 1,
    admission_ready: 1,
    admission_start_failures_total: 1,
    queue_changes: 2,
    queue_oldest_seconds: 1.5,
    stream_subscribers: 2,
    stream_lag_seconds: 0.25,
    'informer_objects{kind="Gateway",informer="gateways"}': 3,
    'informer_synced{kind="Gateway",informer="gateways"}': 1,
    'informer_served{kind="Gateway",informer="gateways"}': 1,
    'informer_silence_seconds{kind="Gateway",informer="gateways"}': 5,
    'informer_lists_total{kind="Gateway",informer="gateways"}': 1,
    'informer_watches_total{kind="Gateway",informer="gateways"}': 2,
    'informer_failures_total{kind="Gateway",informer="gateways"}': 4,
    'certificate_expiry_seconds{certificate="serving"}': 90,
    'certificate_expiry_seconds{certificate="authority"}': 900,
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(samples.get(`fsm_gateway_operator_${name}`), value, name);
  }
  assert.equal(samples.get('fsm_gateway_build_info{version="x"}'), 1);
  assert.ok((samples.get("process_resident_memory_bytes") ?? 0) > 1_000_000);
  assert.ok((samples.get("process_cpu_seconds_total") ?? 0) > 0);
  for (const { name } of await operatorFamilies()) {
    assert.ok(
      [...samples.keys()].some((sample) => sample.startsWith(name)),
      `${name} has a sample`,
    );
  }
});
