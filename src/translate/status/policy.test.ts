import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackendTlsPolicy, Gateway } from "../../gateway-api/objects.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import { snapshotOf } from "../../standalone/snapshot.ts";
import { Indexer } from "../lookups.ts";
import { policyStatus } from "./policy.ts";

const indexer = new Indexer();
indexer.take(snapshotOf([], new Map()));

function policy(controllerName: string): BackendTlsPolicy {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "BackendTLSPolicy",
    metadata: { name: "p", namespace: "default", uid: "1", generation: 2 },
    spec: {
      targetRefs: [{ kind: "Service", name: "web" }],
      validation: { hostname: "web.internal", wellKnownCACertificates: "System" },
    },
    status: { ancestors: [{ ancestorRef: { name: "gone" }, controllerName }] },
  };
}

function gateway(i: number): Gateway {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: `g${i}`, namespace: "default" },
    spec: { gatewayClassName: "fsm" },
  };
}

test("a policy that no Gateway of ours reaches any more loses its entries", () => {
  const status = policyStatus(indexer.lookups, CONTROLLER_NAME, policy(CONTROLLER_NAME), []);
  const target = { namespace: "default", name: "p", uid: "1", generation: 2 };
  assert.deepEqual(status, { kind: "BackendTLSPolicy", ...target, ancestors: [] });
});

test("a policy that was never ours gets no status", () => {
  assert.equal(policyStatus(indexer.lookups, CONTROLLER_NAME, policy("theirs"), []), undefined);
});

test("sixteen Gateways have an entry, which is all that a status holds", () => {
  const gateways = Array.from({ length: 17 }, (_, i) => gateway(i));
  const status = policyStatus(indexer.lookups, CONTROLLER_NAME, policy("theirs"), gateways);
  assert.deepEqual(
    status?.ancestors.map(({ ancestorRef }) => ancestorRef.name),
    gateways.slice(0, 16).map(({ metadata }) => metadata.name),
  );
});
