import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifests } from "./manifests/parse.ts";
import { snapshotOf } from "./snapshot.ts";

const TEXT = `apiVersion: v1
kind: Secret
metadata: { name: given }
type: kubernetes.io/tls
data: { tls.crt: b2xk, tls.key: a2V5 }
stringData: { tls.crt: new }
---
apiVersion: v1
kind: Secret
metadata: { name: password }
type: Opaque
stringData: { password: secret }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: authorities }
data: { ca.crt: pem, other: text }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { other: text }
`;

function snapshot() {
  const { manifests, problems } = parseManifests([{ file: "f.yaml", text: TEXT }], "default");
  assert.deepEqual(problems, []);
  return snapshotOf(manifests, new Map());
}

test("Secrets are those of type kubernetes.io/tls, and stringData wins over data", () => {
  const [secret, ...others] = snapshot().secrets;
  assert.deepEqual(others, []);
  assert.equal(secret?.metadata.name, "given");
  assert.deepEqual(secret?.data, { "tls.crt": btoa("new"), "tls.key": "a2V5" });
});

test("ConfigMaps are those with a ca.crt, and nothing else is kept of them", () => {
  assert.deepEqual(
    snapshot().configMaps.map(({ metadata, data }) => [metadata.name, data]),
    [["authorities", { "ca.crt": "pem" }]],
  );
});
