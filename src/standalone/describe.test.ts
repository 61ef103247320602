import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "./describe.ts";

test("looks like kubectl describe", () => {
  const text = describe({
    apiVersion: "gateway.networking.k8s.io/v1alpha2",
    kind: "TLSRoute",
    metadata: { name: "tcp-route", namespace: "httpbin" },
    spec: { hostnames: ["a.example.com", "b.example.com"], parentRefs: [{ name: "g", port: 8000 }] },
    status: { parents: [{ conditions: [{ type: "Accepted", lastTransitionTime: "T" }], controllerName: "c" }] },
  });
  assert.equal(
    text,
    `Name:         tcp-route
Namespace:    httpbin
API Version:  gateway.networking.k8s.io/v1alpha2
Kind:         TLSRoute
Spec:
  Hostnames:
    a.example.com
    b.example.com
  Parent Refs:
    Name:  g
    Port:  8000
Status:
  Parents:
    Conditions:
      Last Transition Time:  T
      Type:                  Accepted
    Controller Name:         c
`,
  );
});
