import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gateway, KubernetesObject, Listener, ListenerSet, TcpRoute } from "../gateway-api/objects.ts";
import type { AdmissionContext } from "./ownership.ts";
import { validateObject } from "./validate.ts";
import { problemText } from "./verdict.ts";

const API = "gateway.networking.k8s.io/v1";
const gatewayClass = (name: string) => ({
  apiVersion: API,
  kind: "GatewayClass",
  metadata: { name },
  spec: { controllerName: `${name}/controller` },
});
const gateway = (name: string, gatewayClassName: string): Gateway => ({
  apiVersion: API,
  kind: "Gateway",
  metadata: { name, namespace: "n" },
  spec: { gatewayClassName },
});
const listenerSet = (parent: string, listener: Partial<Listener> = {}): ListenerSet => ({
  apiVersion: API,
  kind: "ListenerSet",
  metadata: { name: `set-of-${parent}`, namespace: "n" },
  spec: { parentRef: { name: parent }, listeners: [{ name: "l", port: 443, protocol: "TLS", ...listener }] },
});
const tcpRoute = (parentRef: object, spec: object = { rules: [] }): TcpRoute => ({
  apiVersion: API,
  kind: "TCPRoute",
  metadata: { name: "r", namespace: "n" },
  spec: { parentRefs: [{ name: "", ...parentRef }], ...spec },
});

const context: AdmissionContext = {
  controllerName: "fsm/controller",
  gatewayClasses: [gatewayClass("fsm"), gatewayClass("other")],
  gateways: [gateway("ours", "fsm"), gateway("theirs", "other")],
  listenerSets: [listenerSet("ours"), listenerSet("theirs")],
};
const refused = (object: KubernetesObject) => problemText(validateObject(object, context).problems);

test("a ListenerSet of our Gateway is judged as the Gateway is", () => {
  assert.match(refused(listenerSet("ours", { port: 19001 })), /^spec\.listeners\[0\]\.port: 19001 is reserved/);
  assert.match(refused(listenerSet("ours", { hostname: "1.2.3.4" })), /^spec\.listeners\[0\]\.hostname: /);
  for (const fault of [{ protocol: "INVALID" }, { protocol: "HTTPS" }, { tls: { mode: "Terminate" } }]) {
    assert.equal(refused(listenerSet("ours", fault)), "", JSON.stringify(fault));
  }
});

test("a ListenerSet of another or an unknown Gateway is not judged", () => {
  for (const parent of ["theirs", "absent"]) assert.equal(refused(listenerSet(parent, { port: 19001 })), "", parent);
});

test("a TCPRoute is judged by the rules of every route, also when its parent is a ListenerSet", () => {
  assert.match(refused(tcpRoute({ name: "ours" })), /^spec\.rules: is empty/);
  assert.match(refused(tcpRoute({ name: "set-of-ours", kind: "ListenerSet" })), /^spec\.rules: is empty/);
  assert.match(refused(tcpRoute({ kind: "ListenerSet" })), /^spec\.parentRefs\[0\]\.name: is missing; .* ListenerSet/);
  const backend = (name: string) => tcpRoute({ name: "ours" }, { rules: [{ backendRefs: [{ name, port: 5432 }] }] });
  assert.equal(refused(backend("postgres")), "");
  assert.match(refused(backend("tcp://postgres")), /is a URL/);
});

test("a TCPRoute of others' Gateways only is not judged", () => {
  assert.equal(refused(tcpRoute({ name: "theirs" })), "");
  assert.equal(refused(tcpRoute({ name: "set-of-theirs", kind: "ListenerSet" })), "");
});

test("kinds without rules are admitted", () => {
  assert.deepEqual(
    validateObject({ apiVersion: "v1", kind: "Service", metadata: { name: "s" } }, context).problems,
    [],
  );
});
