import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlsRoute } from "../../gateway-api/objects.ts";
import { routeStatus } from "./route.ts";

function route(controllerName: string): TlsRoute {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "TLSRoute",
    metadata: { name: "r", namespace: "default", generation: 3 },
    spec: {},
    status: { parents: [{ parentRef: { name: "gone" }, controllerName }] },
  };
}

test("a route that has left our Gateways loses its entries", () => {
  const expected = { kind: "TLSRoute", name: "r", namespace: "default", generation: 3, parents: [] };
  assert.deepEqual(routeStatus("ours", route("ours"), [], []), expected);
});

test("a route that was never ours gets no status", () => {
  assert.equal(routeStatus("ours", route("theirs"), [], []), undefined);
});
