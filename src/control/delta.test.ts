import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PersistentMap } from "../model/persistent-map.ts";
import type { ConfigDelta, ProxyConfig, ResourceKey, VersionedResource } from "../model/proxy-config.ts";
import { configRevision, versioned } from "../model/revision.ts";
import { configDelta, heldOf } from "./delta.ts";
import { configOf, configs } from "./testing/arbitraries.ts";

const NOTHING = { revision: "", versions: new Map<ResourceKey, string>() };

function held(config: ProxyConfig) {
  const versions = new Map([...config.resources].map(([key, { version }]) => [key, version] as const));
  return { revision: config.revision, versions };
}

function applied(config: ProxyConfig, delta: ConfigDelta): Map<ResourceKey, VersionedResource> {
  const resources = new Map(config.resources);
  for (const key of delta.removals) assert.ok(resources.delete(key), `${key} is removed but was not held`);
  for (const [key, resource] of delta.upserts) resources.set(key, resource);
  return resources;
}

test("applying the delta gives the target, whatever the two configurations are", () => {
  fc.assert(
    fc.property(configs, configs, (from, to) => {
      const delta = configDelta(held(from), to);
      const after = applied(from, delta);
      assert.deepEqual(new Map([...after].sort()), new Map([...to.resources].sort()));
      assert.equal(configRevision(after), delta.revision);
    }),
  );
});

test("between configurations of which one has grown out of the other the delta is the same", () => {
  fc.assert(
    fc.property(configs, configs, (from, to) => {
      const grown = PersistentMap.empty<VersionedResource>().edit();
      for (const [key, resource] of from.resources) grown.set(key, resource);
      const before = heldOf({ revision: from.revision, resources: grown.commit() });
      for (const key of from.resources.keys()) if (!to.resources.has(key)) grown.delete(key);
      for (const [key, resource] of to.resources) grown.set(key, resource);
      const delta = configDelta(before, { revision: to.revision, resources: grown.commit() });
      const expected = configDelta(held(from), to);
      assert.deepEqual(new Map([...delta.upserts].sort()), new Map([...expected.upserts].sort()));
      assert.deepEqual(delta.removals.toSorted(), expected.removals.toSorted());
    }),
  );
});

test("the delta carries nothing that both hold alike", () => {
  fc.assert(
    fc.property(configs, configs, (from, to) => {
      const { upserts, removals } = configDelta(held(from), to);
      for (const [key, { version }] of upserts) assert.notEqual(from.resources.get(key)?.version, version);
      for (const key of removals) assert.ok(!to.resources.has(key));
    }),
  );
});

test("from a configuration to itself there is nothing to do", () => {
  fc.assert(
    fc.property(configs, (config) => {
      const delta = configDelta(held(config), config);
      assert.deepEqual(delta, { revision: config.revision, upserts: new Map(), removals: [] });
    }),
  );
});

test("from nothing, all is sent", () => {
  const config = configOf([{ kind: "endpoints", name: "shop/a:443", endpoints: [] }]);
  assert.deepEqual(configDelta(NOTHING, config).upserts, config.resources);
});

test("a resource replaced by another is one upsert and one removal", () => {
  const before = configOf([{ kind: "endpoints", name: "shop/a:443", endpoints: [] }]);
  const b = { kind: "endpoints", name: "shop/b:443", endpoints: [] } as const;
  const delta = configDelta(held(before), configOf([b]));
  assert.deepEqual([...delta.upserts], [["endpoints:shop/b:443", versioned(b)]]);
  assert.deepEqual(delta.removals, ["endpoints:shop/a:443"]);
});
