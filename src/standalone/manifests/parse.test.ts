import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem, parseManifests } from "./parse.ts";

const GATEWAY = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: g
spec:
  gatewayClassName: fsm
  listeners:
  - name: tls
    port: 8000
    protocol: TLS
    tls: { mode: Passthrough }
`;

function problemsOf(text: string): readonly string[] {
  const { manifests, problems } = parseManifests([{ file: "f.yaml", text }], "default");
  assert.equal(manifests.length === 0, problems.length > 0);
  return problems.map(formatProblem);
}

test("a valid file gives objects in the given namespace, and the lines of their fields", () => {
  const { manifests, problems } = parseManifests([{ file: "f.yaml", text: `---\n---\n${GATEWAY}---\n` }], "team");
  assert.deepEqual(problems, []);
  const [manifest] = manifests;
  assert.equal(manifest?.kind, "Gateway");
  assert.equal(manifest?.object.metadata.namespace, "team");
  assert.equal(manifest?.lineOf(["spec", "listeners", 0, "port"]), 11);
});

for (const [name, text, expected] of [
  ["broken YAML", "a: [1\nb: 2", /^f\.yaml:2: not valid YAML: /],
  ["no object", "- 1", /^f\.yaml:1: a document must be one Kubernetes object/],
  ["an unknown kind", "apiVersion: v1\nkind: Gatewy", /^f\.yaml:2: kind: "Gatewy" is not known; known are Gat/],
  ["no kind", "apiVersion: v1\nmetadata: {}", /^f\.yaml:1: kind: is missing/],
  [
    "a wrong version",
    GATEWAY.replace("/v1\n", "/v9\n"),
    /^f\.yaml:1: apiVersion: ".*v9" is not an apiVersion of Gateway/,
  ],
  ["a port as text", GATEWAY.replace("8000", '"8000"'), /^f\.yaml:9: spec\.listeners\[0\]\.port: .*expected/],
  ["a port too large", GATEWAY.replace("8000", "80000"), /^f\.yaml:9: spec\.listeners\[0\]\.port: .*65535/],
  [
    "a misspelt field",
    GATEWAY.replace("protocol", "protokol"),
    /^f\.yaml:10: spec\.listeners\[0\]\.protokol: is no field/m,
  ],
  ["a missing field", GATEWAY.replace("  gatewayClassName: fsm\n", ""), /^f\.yaml:5: spec\.gatewayClassName: /],
  [
    "the same object twice",
    `${GATEWAY}---\n${GATEWAY}`,
    /^f\.yaml:16: metadata\.name: Gateway "g" stands at f\.yaml:4/,
  ],
] as const) {
  test(`${name} is told with its line`, () => {
    assert.match(problemsOf(text).join("\n"), expected);
  });
}
