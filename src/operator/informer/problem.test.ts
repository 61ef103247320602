import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../kube/api-error.ts";
import { missingText } from "./problem.ts";

const forbidden = new ApiError(
  { type: "Forbidden" },
  'GET /apis/gateway.networking.k8s.io/v1/tlsroutes?limit=500: 403 tlsroutes.gateway.networking.k8s.io is forbidden: User "u" cannot list resource "tlsroutes" in API group "gateway.networking.k8s.io" at the cluster scope',
);
const away = (path: string) => new ApiError({ type: "Unreachable" }, `GET ${path}: connect ECONNREFUSED`);
const informer = (kind: string, error?: unknown, synced = false) => ({
  ...{ kind, synced },
  failure: error === undefined ? undefined : { error, attempts: 1, sinceMs: 1 },
});

test("what is synced is not missing, though its watch fails now", () => {
  assert.equal(missingText([informer("Gateway", forbidden, true)]), undefined);
});

test("a kind that is forbidden says which right is missing", () => {
  assert.equal(
    missingText([informer("TLSRoute", forbidden), informer("Gateway", undefined, true)]),
    'TLSRoute (tlsroutes.gateway.networking.k8s.io is forbidden: User "u" cannot list resource "tlsroutes" in API group "gateway.networking.k8s.io" at the cluster scope)',
  );
});

test("kinds with one trouble are said together, each once, and those still being read without any", () => {
  const text = missingText([
    informer("Secret", away("/a")),
    informer("ConfigMap"),
    informer("ConfigMap"),
    informer("Service", away("/b")),
  ]);
  assert.equal(text, "Secret, Service (the API server cannot be reached), ConfigMap");
});
