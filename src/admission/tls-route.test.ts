import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BackendRef, TlsRoute, TlsRouteSpec } from "../gateway-api/objects.ts";
import type { AdmissionContext } from "./ownership.ts";
import { validateTlsRoute } from "./tls-route.ts";
import { problemText } from "./verdict.ts";

const gatewayClass = (name: string, controllerName: string) => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name },
  spec: { controllerName },
});

const gateway = (name: string, gatewayClassName: string) => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name, namespace: "httpbin" },
  spec: { gatewayClassName },
});

const context: AdmissionContext = {
  controllerName: "us/controller",
  gatewayClasses: [gatewayClass("fsm", "us/controller"), gatewayClass("other", "them/controller")],
  gateways: [gateway("ours", "fsm"), gateway("theirs", "other"), gateway("classless", "absent")],
  listenerSets: [],
};

const BACKEND: BackendRef = { name: "web", port: 443 };

function route(spec: Partial<TlsRouteSpec>): TlsRoute {
  return {
    apiVersion: "gateway.networking.k8s.io/v1alpha2",
    kind: "TLSRoute",
    metadata: { name: "r", namespace: "httpbin" },
    spec: { parentRefs: [{ name: "ours" }], rules: [{ backendRefs: [BACKEND] }], ...spec },
  };
}

const refused = (spec: Partial<TlsRouteSpec>) => problemText(validateTlsRoute(route(spec), context).problems);
const refusedBackend = (ref: Partial<BackendRef>) =>
  refused({ rules: [{ backendRefs: [BACKEND, { ...BACKEND, ...ref }] }] });

test("the walkthrough's route is admitted: no hostnames, an external host, a parentRef with a port", () => {
  const problems = refused({
    parentRefs: [{ name: "simple-fsm-gateway", port: 8000 }],
    rules: [{ backendRefs: [{ name: "httpbin.org", port: 443 }] }],
  });
  assert.equal(problems, "");
});

test("what may come to work later is admitted", () => {
  assert.equal(refused({ parentRefs: [{ name: "ours", sectionName: "absent" }] }), "");
  assert.equal(refused({ hostnames: ["*.example.com", "a.example", "localhost"] }), "");
  assert.equal(refusedBackend({ name: "nonexistent" }), "");
  assert.equal(refusedBackend({ namespace: "elsewhere" }), "");
  assert.equal(refusedBackend({ kind: "NonExistent", name: "Any Name" }), "");
  assert.equal(refusedBackend({ group: "example.com", kind: "Service", name: "Any Name" }), "");
  assert.equal(refusedBackend({ weight: 0 }), "");
  assert.equal(refusedBackend({ weight: 1_000_000 }), "");
});

test("backend names that lead nowhere are refused with the mend", () => {
  const cases: [string, RegExp][] = [
    ["https://httpbin.org", /is a URL; write the host alone \(name: httpbin\.org\)/],
    ["https://httpbin.org:8443/get", /name: httpbin\.org\)/],
    ["httpbin.org:443", /write name: httpbin\.org, port: 443/],
    ["httpbin.org/get", /has a path; write the host alone: httpbin\.org/],
    ["http bin.org", /white space/],
    ["HttpBin.org", /lower case: httpbin\.org/],
    ["10.0.0.1", /is an IP address/],
    ["127.1", /is an IP address/],
    ["2001:db8::1", /is an IP address/],
    ["-web", /is no DNS name/],
    ["web.prod.svc", /name: web, namespace: prod/],
    ["web.prod.svc.cluster.local", /name: web, namespace: prod/],
    ["web-0.web.prod.svc.cluster.local", /name: web, namespace: prod/],
    ["web.prod.svc.corp.example", /name: web, namespace: prod/],
    ["under_score", /is no DNS name/],
    ["prod.svc", /DNS name of a Service/],
    ["10-0-0-1.prod.pod.cluster.local", /inside the cluster/],
    ["", /is empty/],
  ];
  for (const [name, problem] of cases) {
    const text = refusedBackend({ name });
    assert.match(text, /^spec\.rules\[0\]\.backendRefs\[1\]\.name: /, name);
    assert.match(text, problem, name);
  }
});

test("names that only resemble a Service's DNS name are hosts", () => {
  for (const name of [
    "svc.example.com",
    "web.mysvc.org",
    "web.svc-1.org",
    "cluster.localhost.org",
    "under_score.example",
  ]) {
    assert.equal(refusedBackend({ name }), "", name);
  }
});

test("ports and weights", () => {
  const field = "spec.rules[0].backendRefs[1]";
  assert.match(
    refused({ rules: [{ backendRefs: [{ name: "web" }] }] }),
    /^spec\.rules\[0\]\.backendRefs\[0\]\.port: is missing/,
  );
  assert.equal(refused({ rules: [{ backendRefs: [{ kind: "Other", name: "web" }] }] }), "");
  for (const port of [0, 65_536, 1.5]) assert.ok(refusedBackend({ port }).startsWith(`${field}.port: is ${port};`));
  for (const weight of [-1, 1_000_001])
    assert.ok(refusedBackend({ weight }).startsWith(`${field}.weight: is ${weight};`));
});

test("hostnames that no server name could match", () => {
  const cases: [string, RegExp][] = [
    ["10.0.0.1", /is an IP address/],
    ["*.10.0.0.1", /is an IP address/],
    ["example.com:443", /has a port; write example\.com/],
    ["a.*.example.com", /wildcard.*write \*\.example\.com/],
    ["foo*.example.com", /wildcard.*write \*\.example\.com/],
    ["*", /leave the hostname out/],
    ["Example.com", /lower case: example\.com/],
    ["*.EXAMPLE.com", /lower case: \*\.example\.com$/],
    ["*.example.com.", /end with a dot: \*\.example\.com$/],
    [`${"a.".repeat(127)}b`, /255 characters/],
  ];
  for (const [hostname, problem] of cases) {
    const text = refused({ hostnames: ["a.example", hostname] });
    assert.match(text, /^spec\.hostnames\[1\]: /, hostname);
    assert.match(text, problem, hostname);
  }
});

test("a route without rules, a rule without backends, a parentRef without name", () => {
  assert.match(refused({ rules: [] }), /^spec\.rules: is empty/);
  assert.match(refused({ rules: [{}] }), /^spec\.rules\[0\]\.backendRefs: is empty/);
  assert.match(refused({ parentRefs: [{ name: "" }] }), /^spec\.parentRefs\[0\]\.name: is missing/);
});

test("every problem is told at once", () => {
  const text = refused({ hostnames: ["A.example"], rules: [{ backendRefs: [{ name: "x y" }] }, {}] });
  assert.deepEqual(
    text.split("; spec.").map((part) => part.replace(/^spec\./, "").split(":")[0]),
    ["hostnames[0]", "rules[0].backendRefs[0].name", "rules[0].backendRefs[0].port", "rules[1].backendRefs"],
  );
});

test("a route of other controllers' Gateways only is not judged", () => {
  const bad = { rules: [] };
  assert.equal(refused({ ...bad, parentRefs: [{ name: "theirs" }] }), "");
  assert.equal(refused({ ...bad, parentRefs: [{ group: "", kind: "Service", name: "mesh" }] }), "");
  assert.equal(refused({ ...bad, parentRefs: [] }), "");
  for (const name of ["ours", "classless", "not-yet-there"])
    assert.notEqual(refused({ ...bad, parentRefs: [{ name }] }), "");
  assert.notEqual(refused({ ...bad, parentRefs: [{ name: "theirs" }, { name: "ours" }] }), "");
  assert.notEqual(refused({ ...bad, parentRefs: [{ name: "theirs", namespace: "elsewhere" }] }), "");
});

test("exactly the names that could be a Service or an external host are admitted", () => {
  const name = fc.stringMatching(/^[a-z0-9._:/ -]{1,24}$/);
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
  const dotted = fc
    .tuple(label, label, fc.constantFrom("org", "example", "svc", "svc.cluster.local"))
    .map((l) => l.join("."));
  fc.assert(
    fc.property(fc.oneof(name, dotted), (name) => {
      const refusal = refused({ rules: [{ backendRefs: [{ name, port: 443 }] }] });
      const isHost = /^[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?)*$/.test(name);
      if (!isHost) assert.notEqual(refusal, "", name);
      else if (/\.svc(\.|$)/.test(name) || name.endsWith(".cluster.local")) assert.notEqual(refusal, "", name);
      else if (!/(^|\.)(\d+|0x[0-9a-f]*)$/.test(name) && !name.includes("_")) assert.equal(refusal, "", name);
    }),
    { numRuns: 500 },
  );
});
