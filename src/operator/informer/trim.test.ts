import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigMap, EndpointSlice, HttpRoute, Secret } from "../../gateway-api/objects.ts";
import {
  type ManagedObject,
  trimmed,
  trimmedAuthorities,
  trimmedFor,
  trimmedHttpRoute,
  trimmedSecret,
  trimmedSlice,
} from "./trim.ts";

const ours = { manager: "us", operation: "Apply", fieldsV1: { "f:spec": {} } };
const service: ManagedObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "s",
    namespace: "ns",
    uid: "u",
    resourceVersion: "1",
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{…}", mine: "kept" },
    managedFields: [{ manager: "kubectl", operation: "Apply" }, { ...ours, operation: "Update" }, ours],
  },
};
const { managedFields: _, annotations: __, ...bare } = service.metadata;

test("managedFields and the last-applied configuration go, all else stays", () => {
  assert.deepEqual(trimmed(service), { ...service, metadata: { ...bare, annotations: { mine: "kept" } } });
});

test("for the applier, our own entry of managedFields stays", () => {
  const kept = trimmedFor<ManagedObject>("us")(service);
  assert.deepEqual(kept.metadata.managedFields, [ours]);
  assert.equal("managedFields" in trimmedFor<ManagedObject>("nobody")(service).metadata, false);
});

test("of an EndpointSlice addresses, conditions, ports and labels stay", () => {
  const labels = { "kubernetes.io/service-name": "s" };
  const endpoint = { addresses: ["10.0.0.1"], conditions: { ready: true }, nodeName: "n", zone: "z" };
  const slice: EndpointSlice = {
    ...service,
    kind: "EndpointSlice",
    metadata: { ...service.metadata, labels },
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
