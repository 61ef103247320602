import assert from "node:assert/strict";
import { test } from "node:test";
import { type AuditEvent, granted, usedBy, wasRefused } from "./granted.ts";

const event = (verb: string, objectRef: AuditEvent["objectRef"], code = 200): AuditEvent => ({
  user: { username: "operator" },
  verb,
  requestURI: "/",
  requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
  ...(objectRef !== undefined && { objectRef }),
  responseStatus: { code },
});

test("each verb on each resource and name is a right of its own", () => {
  const rules = [
    { apiGroups: [""], resources: ["secrets"], verbs: ["get", "update"], resourceNames: ["own"] },
    { apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"] },
  ];
  assert.deepEqual(granted({ kind: "Role", metadata: { namespace: "system" }, rules }), [
    "get secrets own (system)",
    "update secrets own (system)",
    "list deployments.apps (system)",
  ]);
  assert.deepEqual(granted({ kind: "ClusterRole", metadata: {}, rules: rules.slice(1) }), ["list deployments.apps"]);
});

test("a request uses the right on its name and the one on all, in its namespace and everywhere", () => {
  assert.deepEqual(usedBy(event("get", { resource: "secrets", namespace: "system", name: "own" })), [
    "get secrets",
    "get secrets (system)",
    "get secrets own",
    "get secrets own (system)",
  ]);
  const status = { apiGroup: "gateway.networking.k8s.io", resource: "gateways", subresource: "status", name: "g" };
  assert.ok(usedBy(event("update", status)).includes("update gateways/status.gateway.networking.k8s.io"));
  assert.deepEqual(usedBy(event("get", undefined)), []);
});

test("who makes an object by server-side apply has used the right to create it, and only then", () => {
  const object = { resource: "configmaps", namespace: "n", name: "c" };
  assert.ok(usedBy(event("patch", object, 201)).includes("create configmaps"));
  assert.ok(!usedBy(event("patch", object, 200)).includes("create configmaps"));
});

test("a refusal is told by the authorizer's decision or by its status", () => {
  assert.ok(wasRefused(event("get", undefined, 403)));
  assert.ok(wasRefused({ ...event("get", undefined), annotations: { "authorization.k8s.io/decision": "forbid" } }));
  assert.ok(!wasRefused(event("get", undefined)));
});
