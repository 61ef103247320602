import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem, parseManifests } from "./parse.ts";
import { referenceProblems } from "./references.ts";

const NAMES = { class: "fsm", setParent: "g", gateway: "g", set: "s" };

function problemsOf(names: Partial<typeof NAMES>): readonly string[] {
  const { class: gatewayClassName, setParent, gateway, set } = { ...NAMES, ...names };
  const text = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: ${gatewayClassName}
  listeners: [{ name: tls, port: 8000, protocol: TLS, tls: { mode: Passthrough } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: s }
spec:
  parentRef:
    name: ${setParent}
  listeners: [{ name: tcp, port: 9000, protocol: TCP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: r }
spec:
  parentRefs:
  - name: ${gateway}
  - { name: mesh, kind: Service, group: "" }
  rules: [{ backendRefs: [{ name: httpbin.org, port: 443 }] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: { name: r }
spec:
  parentRefs:
  - kind: ListenerSet
    name: ${set}
  rules: [{ backendRefs: [{ name: httpbin.org, port: 443 }] }]
`;
  const { manifests, problems } = parseManifests([{ file: "f.yaml", text }], "default");
  assert.deepEqual(problems, []);
  return referenceProblems(manifests).map(formatProblem);
}

test("what is there, or is not ours, is no problem", () => assert.deepEqual(problemsOf({}), []));

test("a class that is not there is told with its line", () => {
  const expected =
    'f.yaml:5: spec.gatewayClassName: there is no GatewayClass fms in the files; there is fsm; did you mean "fsm"?';
  assert.deepEqual(problemsOf({ class: "fms" }), [expected]);
});

test("a name with a typing error is compared with the names of its namespace", () => {
  const [problem] = problemsOf({ gateway: "gg" });
  assert.match(problem ?? "", /there is default\/g; did you mean "g"\?$/);
});

test("a Gateway that is not there is told with its line", () => {
  const expected = "f.yaml:21: spec.parentRefs[0].name: there is no Gateway default/h in the files; there is default/g";
  assert.deepEqual(problemsOf({ gateway: "h" }), [expected]);
});

test("a ListenerSet's parent that is not there is told with its line", () => {
  const expected = "f.yaml:13: spec.parentRef.name: there is no Gateway default/h in the files; there is default/g";
  assert.deepEqual(problemsOf({ setParent: "h" }), [expected]);
});

test("a ListenerSet that is not there is told with its line", () => {
  const expected =
    "f.yaml:31: spec.parentRefs[0].name: there is no ListenerSet default/t in the files; there is default/s";
  assert.deepEqual(problemsOf({ set: "t" }), [expected]);
});
