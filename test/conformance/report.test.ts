import assert from "node:assert/strict";
import { test } from "node:test";
import { reportDifferences, reportPath } from "./report.ts";

const REPORT = `apiVersion: gateway.networking.k8s.io/v1
date: "2026-05-07T13:10:37Z"
gatewayAPIChannel: experimental
gatewayAPIVersion: v1.6.3
implementation: { organization: o, project: acme, url: u, version: v2.14.0, contact: [c] }
kind: ConformanceReport
mode: default
profiles:
- core: { result: success, statistics: { Failed: 0, Passed: 19, Skipped: 0 } }
  name: GATEWAY-TLS
`;

test("a report lies where upstream's README wants it", () => {
  assert.equal(reportPath(REPORT), "v1.6.3/acme/experimental-v2.14.0-default-report.yaml");
});

test("a report of another day says the same", () => {
  assert.deepEqual(reportDifferences(REPORT, REPORT.replace("2026-05-07", "2026-11-21")), []);
});

test("the order of profiles is chance", () => {
  const tcp = "- name: GATEWAY-TCP\n";
  assert.deepEqual(reportDifferences(`${REPORT}${tcp}`, REPORT.replace("profiles:\n", `profiles:\n${tcp}`)), []);
});

test("another count, another status, one profile more or less: each is told", () => {
  const worse = REPORT.replace("Passed: 19", "Passed: 18").replace("result: success", "result: failure");
  assert.deepEqual(reportDifferences(REPORT, worse), [
    'profiles.GATEWAY-TLS.core.result: committed "success", now "failure"',
    "profiles.GATEWAY-TLS.core.statistics.Passed: committed 19, now 18",
  ]);
  const more = reportDifferences(REPORT, `${REPORT}- name: GATEWAY-TCP\n`);
  assert.deepEqual(more, ['profiles.GATEWAY-TCP: committed undefined, now {"name":"GATEWAY-TCP"}']);
  assert.equal(reportDifferences(`${REPORT}- name: GATEWAY-TCP\n`, REPORT).length, 1);
});
