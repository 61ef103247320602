import assert from "node:assert/strict";
import { test } from "node:test";
import { preferred } from "./discovery.ts";

const versions = (...names: string[]) =>
  names.map((version) => ({ group: "g", version, kind: "K", plural: "ks", namespaced: true }));

test("the most stable served version is preferred, whatever the order of the answer", () => {
  assert.equal(preferred(versions("v1alpha2", "v1", "v1alpha3"))?.version, "v1");
  assert.equal(preferred(versions("v1alpha2", "v1alpha3"))?.version, "v1alpha3");
  assert.equal(preferred(versions("v1alpha3", "v1beta1"))?.version, "v1beta1");
  assert.equal(preferred(versions("v1", "v2"))?.version, "v2");
  assert.equal(preferred(versions("v1alpha9", "v1alpha10"))?.version, "v1alpha10");
  assert.equal(preferred(versions("experimental", "v1alpha1"))?.version, "v1alpha1");
});

test("a kind that no version serves is undefined", () => {
  assert.equal(preferred([]), undefined);
});
