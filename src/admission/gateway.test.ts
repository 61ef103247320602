import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gateway, Listener } from "../gateway-api/objects.ts";
import { validateGateway } from "./gateway.ts";
import { problemText, type Verdict } from "./verdict.ts";

function verdictOn(listener: Partial<Listener>, gatewayClassName = "fsm"): Verdict {
  const gateway: Gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "g", namespace: "n" },
    spec: {
      gatewayClassName,
      listeners: [
        { name: "good", port: 443, protocol: "TLS", tls: { mode: "Passthrough" } },
        { name: "tried", port: 8000, protocol: "TLS", tls: { mode: "Passthrough" }, ...listener },
      ],
    },
  };
  const gatewayClasses = ["fsm", "other"].map((name) => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name },
    spec: { controllerName: `${name}/controller` },
  }));
  return validateGateway(gateway, { controllerName: "fsm/controller", gatewayClasses, gateways: [], listenerSets: [] });
}

test("what gets a condition is admitted", () => {
  const admitted: Partial<Listener>[] = [
    {},
    { protocol: "INVALID" },
    { protocol: "TLS", tls: { mode: "Terminate", certificateRefs: [{ name: "absent" }] } },
    { hostname: "*.example.com" },
    { hostname: "no.match.example" },
    { allowedRoutes: { kinds: [{ kind: "Unknown" }] } },
  ];
  for (const listener of admitted) {
    assert.deepEqual(verdictOn(listener), { problems: [], warnings: [] }, JSON.stringify(listener));
  }
});

test("hostnames that no server name could match", () => {
  for (const hostname of ["10.0.0.1", "example.com:443", "a.*.com", "UPPER.example"]) {
    assert.match(problemText(verdictOn({ hostname }).problems), /^spec\.listeners\[1\]\.hostname: /, hostname);
  }
});

test("the proxies' admin port is reserved", () => {
  assert.match(problemText(verdictOn({ port: 19001 }).problems), /^spec\.listeners\[1\]\.port: 19001 is reserved/);
});

test("certificates of a passthrough listener are remarked, not refused", () => {
  const { problems, warnings } = verdictOn({ tls: { mode: "Passthrough", certificateRefs: [{ name: "c" }] } });
  assert.deepEqual(problems, []);
  assert.match(problemText(warnings), /^spec\.listeners\[1\]\.tls\.certificateRefs: is never used/);
});

test("a Gateway of another or an unknown class is not judged", () => {
  for (const name of ["other", "absent"]) assert.deepEqual(verdictOn({ port: 19001 }, name).problems, []);
});
