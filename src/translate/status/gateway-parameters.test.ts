import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayParameters } from "../../gateway-api/gateway-parameters.ts";
import { gateway } from "../testing/world.ts";
import { gatewayParametersStatus, parametersUsers } from "./gateway-parameters.ts";

const parameters: GatewayParameters = {
  apiVersion: "gateway.fsm.dev/v1alpha1",
  kind: "GatewayParameters",
  metadata: { name: "p", namespace: "shop", uid: "u" },
  spec: {},
};

test("all Gateways are counted, and sixteen are named", () => {
  const infrastructure = { parametersRef: { group: "gateway.fsm.dev", kind: "GatewayParameters", name: "p" } };
  const gateways = Array.from({ length: 20 }, (_, i) => gateway(`g${i}`, [])).map((g) => ({
    ...g,
    spec: { ...g.spec, infrastructure },
  }));
  const status = gatewayParametersStatus(parameters, parametersUsers(gateways, new Map()), true);
  assert.equal(status.gateways, 20);
  assert.equal(status.gatewayNames.length, 16);
  assert.deepEqual(status.gatewayNames.slice(0, 3), ["shop/g0", "shop/g1", "shop/g10"]);
});
