import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterName } from "./cluster-name.ts";

for (const [name, expected] of [
  ["httpbin.org", undefined],
  ["svc.example.com", undefined],
  ["cluster.local.example.com", undefined],
  ["web.prod.svc", { service: "web", namespace: "prod" }],
  ["Web.Prod.SVC.", { service: "web", namespace: "prod" }],
  ["web.prod.svc.corp.example", { service: "web", namespace: "prod" }],
  ["pod-0.web.prod.svc.cluster.local", { service: "web", namespace: "prod" }],
  ["web.svc", { service: "web" }],
  ["10-0-0-1.prod.pod.cluster.local.", {}],
] as const) {
  test(`${name} is ${expected === undefined ? "outside" : JSON.stringify(expected)}`, () => {
    assert.deepEqual(clusterName(name), expected);
  });
}
