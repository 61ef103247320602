import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { SERVICES } from "../kube/resource.ts";
import { Applier } from "./applier.ts";

const MANAGER = "fsm-gateway";
const ownerReferences = [{ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", uid: "g", controller: true }];
const wanted = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", namespace: "n", ownerReferences },
  spec: {},
};

test("an object that was seen to be as wanted is not compared again until it or what is wanted is another", async () => {
  let looks = 0;
  const liveObject = (): KubernetesObject => {
    const managedFields = [{ manager: MANAGER, operation: "Apply", fieldsV1: {} }];
    const live = { ...wanted, metadata: { ...wanted.metadata, managedFields } };
    return Object.defineProperty(live, "spec", { enumerable: true, get: () => ({ look: looks++ }) });
  };
  const unasked = () => assert.fail("nothing is to be sent");
  let live = liveObject();
  const applier = new Applier({
    client: { get: unasked, apply: unasked, delete: unasked },
    kinds: [{ type: SERVICES, live: { items: () => [live], get: () => live } }],
    fieldManager: MANAGER,
  });
  const looksOf = async (object: KubernetesObject) => {
    looks = 0;
    assert.equal((await applier.reconcile([object])).unchanged, 1);
    return looks > 0;
  };
  assert.equal(await looksOf(wanted), true);
  assert.equal(await looksOf(wanted), false);
  live = liveObject();
  assert.equal(await looksOf(wanted), true);
  assert.equal(await looksOf({ ...wanted }), true);
  assert.equal(await looksOf(wanted), false, "both are still the same objects");
});
