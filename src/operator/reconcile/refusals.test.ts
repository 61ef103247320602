import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_SNAPSHOT, gateway } from "../../translate/testing/world.ts";
import { newsOfRefusals, refusalsOf, withRefusals } from "./refusals.ts";

const object = (name: string, owner: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "shop", ownerReferences: [{ kind: "Gateway", name: owner }] },
});
const deployment = { addresses: [], readyPorts: [], proxies: [] };

test("a Gateway hears of the first of its objects that was refused, in the API server's words", () => {
  const refusals = refusalsOf([
    { object: object("a-1", "a"), message: "may not change", failures: 1 },
    { object: object("a-2", "a"), message: "follows", failures: 1 },
    { object: object("b-1", "b"), message: "x".repeat(2_000), failures: 1 },
    { object: gateway("nobody's", []), message: "of no Gateway", failures: 1 },
  ]);
  assert.deepEqual([...refusals.keys()], ["shop/a", "shop/b"]);
  assert.equal(
    refusals.get("shop/a"),
    "The API server rejected the Service shop/a-1, which stays as it is: may not change. It is retried within 5 minutes, and at once when the Gateway changes",
  );
  assert.ok((refusals.get("shop/b") ?? "").length < 700);
  assert.equal(newsOfRefusals(refusals, new Map(refusals)), undefined);
  assert.equal(newsOfRefusals(refusals, new Map()), "gateways");
  assert.equal(newsOfRefusals(refusals, new Map(refusals).set("shop/c", "too")), "gateways");
  assert.equal(newsOfRefusals(refusals, new Map(refusals).set("shop/b", "in other words")), "words");

  const deployments = new Map([
    ["shop/a", deployment],
    ["shop/c", deployment],
  ]);
  const snapshot = withRefusals({ ...EMPTY_SNAPSHOT, deployments }, refusals);
  assert.match(snapshot.deployments.get("shop/a")?.refused ?? "", /may not change/);
  assert.equal(snapshot.deployments.get("shop/c"), deployment);
  assert.equal(withRefusals(EMPTY_SNAPSHOT, new Map()), EMPTY_SNAPSHOT);
});
