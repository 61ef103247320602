import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../../gateway-api/objects.ts";
import { type ManagedObject, trimmed, trimmedFor, trimmedSlice } from "./trim.ts";

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
