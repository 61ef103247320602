import assert from "node:assert/strict";
import { test } from "node:test";
import type { Listener, TlsRoute } from "../../gateway-api/objects.ts";
import type { Plan } from "../../model/plan.ts";
import { EMPTY_SNAPSHOT, gateway, OUR_CLASS, passthrough, tlsRoute } from "../testing/world.ts";
import { translate } from "../translate.ts";

function listeners(count: number): readonly Listener[] {
  return Array.from({ length: count }, (_, i) => passthrough(`p${i}`, 1_000 + i));
}

function hostnames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `h${i}.example.com`);
}

function planOf(route: TlsRoute): Plan {
  const gateways = [gateway("a", listeners(64)), gateway("b", listeners(1))];
  return translate({ ...EMPTY_SNAPSHOT, gatewayClasses: [OUR_CLASS], gateways, tlsRoutes: [route] });
}

function acceptedOf({ statuses }: Plan): readonly (readonly [parent: string, reason: string, message: string])[] {
  return statuses.flatMap((status) =>
    status.kind !== "TLSRoute"
      ? []
      : status.parents.map(({ parentRef, conditions }) => {
          const accepted = conditions.find(({ type }) => type === "Accepted");
          return [parentRef.name, accepted?.reason ?? "", accepted?.message ?? ""] as const;
        }),
  );
}

test("a route may have 65,536 pairs of a listener and a hostname, and no parent beyond them", () => {
  const route = tlsRoute("many", { parents: ["a"], hostnames: hostnames(1_024) });
  assert.deepEqual(
    acceptedOf(planOf(route)).map(([parent, reason]) => [parent, reason]),
    [["a", "Accepted"]],
  );
  const more = tlsRoute("many", { parents: ["a", "b"], hostnames: hostnames(1_024) });
  const plan = planOf(more);
  const [[, first], [parent, reason, message]] = acceptedOf(plan) as [
    [string, string, string],
    [string, string, string],
  ];
  assert.deepEqual([first, parent, reason], ["Accepted", "b", "UnsupportedValue"]);
  assert.match(
    message,
    /more than 65,536 pairs of a listener and a hostname.*divide its hostnames among several routes/,
  );
  const isServed = (key: string) => {
    const { config } = plan.gateways.get(key) ?? assert.fail();
    return [...config.resources.values()].some((resource) => JSON.stringify(resource).includes("h0.example.com"));
  };
  assert.deepEqual([isServed("shop/a"), isServed("shop/b")], [true, false]);
});
