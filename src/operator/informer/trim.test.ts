import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigMap, EndpointSlice, HttpRoute, Secret } from "../../gateway-api/objects.ts";
import {
  type ManagedObject,
  trimmed,
  trimmedAuthorities,
  trimmedFor,
  trimmedHttpRoute,
  trimmedNamespace,
  trimmedSecret,
  trimmedSlice,
} from "./trim.ts";

const fieldsV1 = {
  "f:metadata": { "f:labels": { "f:app": {} }, "f:annotations": { "f:hash": {} } },
  "f:spec": {},
};
const ours = { manager: "us", operation: "Apply", fieldsV1 };
const service: ManagedObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "s",
    namespace: "ns",
    uid: "u",
    resourceVersion: "1",
    labels: { app: "us", team: "theirs" },
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{…}", hash: "1", note: "x".repeat(256 * 1024) },
    managedFields: [{ manager: "kubectl", operation: "Apply" }, { ...ours, operation: "Update" }, ours],
  },
};
const { managedFields: _, annotations: __, labels: ___, ...bare } = service.metadata;

test("managedFields, labels and annotations are dropped, everything else is kept", () => {
  assert.deepEqual(trimmed(service), { ...service, metadata: bare });
});

test("a Namespace keeps its labels, for selectors", () => {
  const namespace = { ...service, kind: "Namespace" };
  const { labels } = service.metadata;
  assert.deepEqual(trimmedNamespace(namespace), { ...namespace, metadata: { ...bare, labels } });
  assert.deepEqual(trimmedNamespace({ ...namespace, metadata: bare }).metadata, bare);
});

test("for the applier, our own entry of managedFields is kept, with the labels and annotations that it names", () => {
  const kept = trimmedFor<ManagedObject>("us")(service);
  const metadata = { ...bare, labels: { app: "us" }, annotations: { hash: "1" }, managedFields: [ours] };
  assert.deepEqual(kept, { ...service, metadata });
  assert.deepEqual(trimmedFor<ManagedObject>("nobody")(service).metadata, bare);
  const specOnly = { ...service.metadata, managedFields: [{ ...ours, fieldsV1: { "f:spec": {} } }] };
  const { labels, annotations } = trimmedFor<ManagedObject>("us")({ ...service, metadata: specOnly }).metadata;
  assert.deepEqual([labels, annotations], [{}, {}]);
});

test("of an EndpointSlice addresses, conditions, ports and the name of its Service stay", () => {
  const labels = { "kubernetes.io/service-name": "s" };
  const endpoint = { addresses: ["10.0.0.1"], conditions: { ready: true }, nodeName: "n", zone: "z" };
  const slice: EndpointSlice = {
    ...service,
    kind: "EndpointSlice",
    metadata: { ...service.metadata, labels: { ...labels, team: "theirs" } },
    addressType: "IPv4",
    endpoints: [endpoint],
    ports: null,
  };
  assert.deepEqual(trimmedSlice(slice), {
    apiVersion: "v1",
    kind: "EndpointSlice",
    metadata: { name: "s", namespace: "ns", uid: "u", resourceVersion: "1", labels },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
    ports: [],
  });
});

test("of an HTTPRoute everything stays but the rules and filters", () => {
  const status = { parents: [{ parentRef: { name: "g" }, controllerName: "c" }] };
  const parentRefs = [{ name: "g" }];
  const spec = { parentRefs, rules: [{ backendRefs: [] }] };
  const route = { ...service, kind: "HTTPRoute", spec, status } satisfies HttpRoute & { spec: object };
  assert.deepEqual(trimmedHttpRoute(route), { ...trimmed(route), spec: { parentRefs } });
});

test("of a Secret the certificate and its key stay, of a ConfigMap the authorities; one without them is of no use", () => {
  const metadata = { name: "s", namespace: "ns", uid: "u", resourceVersion: "1" };
  const pair = { "tls.crt": "Y2VydA==", "tls.key": "a2V5" };
  const type = "kubernetes.io/tls";
  const secret: Secret = { ...service, kind: "Secret", type, data: { ...pair, "keystore.p12": "AA==" } };
  assert.deepEqual(trimmedSecret(secret), { apiVersion: "v1", kind: "Secret", type, metadata, data: pair });
  assert.deepEqual(trimmedSecret({ ...secret, data: {} }).data, {});

  const map: ConfigMap = { ...service, kind: "ConfigMap", data: { "ca.crt": "PEM", other: "large" } };
  const kept = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca.crt": "PEM" } };
  assert.deepEqual(trimmedAuthorities(map), kept);
  assert.equal(trimmedAuthorities({ ...map, data: { other: "large" } }), undefined);
});
