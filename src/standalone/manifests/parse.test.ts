import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem, ManifestReader, parseManifests } from "./parse.ts";

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
  [
    "an unknown kind",
    "apiVersion: v1\nkind: Gatewy",
    /^f\.yaml:2: kind: "Gatewy" is not known; did you mean "Gateway"\?; known are Gat/,
  ],
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

test("lines are the file's, in its second document too, however that is written", () => {
  const second = (text: string) => problemsOf(`${GATEWAY}---\n${text}`).join("\n");
  assert.match(second("a: [1\nb: 2"), /^f\.yaml:14: not valid YAML: [^\n]*$/);
  assert.match(second(GATEWAY.replace("  name: g", "  name: h").replace("8000", "x")), /^f\.yaml:21: spec\.listeners/);
  assert.match(
    second('{\n  "kind": "Service", "apiVersion": "v1",\n  "metadata": {}\n}'),
    /^f\.yaml:15: metadata\.name: /,
  );
  assert.match(
    problemsOf(`%YAML 1.2\n${GATEWAY.replace(/^/, "---\n")}...\n---\n- 1\n`).join(),
    /^f\.yaml:16: a document must/,
  );
});

test("JSON is YAML", () => {
  const [manifest] = parseManifests([{ file: "f.yaml", text: GATEWAY }], "default").manifests;
  const text = JSON.stringify(manifest?.object, undefined, 1);
  const [same, other] = parseManifests(
    [{ file: "f.json", text: `${text}\n---\n${text.replace('"g"', '"h"')}` }],
    "x",
  ).manifests;
  assert.deepEqual(same?.object, manifest?.object);
  assert.equal(other?.object.metadata.name, "h");
});

test("what is read again and has the same text is the same object, with the lines where it stands now", () => {
  const reader = new ManifestReader("default");
  const read = (text: string) => reader.read([{ file: "f.yaml", text }]);
  const [before] = read(GATEWAY).manifests;
  const other = GATEWAY.replace("name: g", "name: h");
  const after = read(`${other}---\n${GATEWAY}`.replace("---\n", "# moved\n---\n")).manifests;
  assert.equal(after.length, 2);
  // Its text begins with the line of `---` now.
  assert.deepEqual(after[1]?.object, before?.object);
  const again = read(`# moved\n# again\n---\n${GATEWAY}`).manifests;
  assert.equal(again[0]?.object, after[1]?.object);
  assert.equal(again[0]?.lineOf(["kind"]), 5);
  assert.equal(read("a: [").problems.length, 1);
  assert.equal(read(`---\n${GATEWAY}`).problems.length, 0);
});
