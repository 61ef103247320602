import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem, parseManifests } from "./parse.ts";
import { referenceProblems } from "./references.ts";

function problemsOf(gatewayClassName: string, gateway: string): readonly string[] {
  const text = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: ${gatewayClassName}
  listeners: [{ name: tls, port: 8000, protocol: TLS, tls: { mode: Passthrough } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: r }
spec:
  parentRefs:
  - name: ${gateway}
  rules: [{ backendRefs: [{ name: httpbin.org, port: 443 }] }]
`;
  const { manifests, problems } = parseManifests([{ file: "f.yaml", text }], "default");
  assert.deepEqual(problems, []);
  return referenceProblems(manifests).map(formatProblem);
}

test("what is there is no problem", () => assert.deepEqual(problemsOf("fsm", "g"), []));

test("a class that is not there is told with its line", () => {
  const expected = 'f.yaml:5: spec.gatewayClassName: there is no GatewayClass "fms"; there is fsm';
  assert.deepEqual(problemsOf("fms", "g"), [expected]);
});

test("a Gateway that is not there is told with its line", () => {
  const expected = "f.yaml:13: spec.parentRefs[0].name: there is no Gateway default/h in the files; there is default/g";
  assert.deepEqual(problemsOf("fsm", "h"), [expected]);
});
