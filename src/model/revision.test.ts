import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EndpointsResource, ListenerResource } from "./proxy-config.ts";
import { configRevision, EMPTY_REVISION, resourceKey, resourceVersion, updateRevision, versioned } from "./revision.ts";

const listener: ListenerResource = {
  kind: "listener",
  name: "a/gw/foo",
  port: 8000,
  protocol: "TLS",
  tls: { mode: "Passthrough" },
};

const endpoints = (name: string, port: number): EndpointsResource => ({
  kind: "endpoints",
  name,
  endpoints: [{ address: "10.0.0.1", port }],
});

test("a version depends on the content", () => {
  assert.equal(resourceVersion(listener), resourceVersion({ ...listener }));
  assert.notEqual(resourceVersion(listener), resourceVersion({ ...listener, port: 8001 }));
  assert.match(resourceVersion(listener), /^[0-9a-f]{32}$/);
});

test("the order of endpoints is content", () => {
  const one = { address: "10.0.0.1", port: 1 };
  const two = { address: "10.0.0.2", port: 1 };
  assert.notEqual(
    resourceVersion({ kind: "endpoints", name: "n", endpoints: [one, two] }),
    resourceVersion({ kind: "endpoints", name: "n", endpoints: [two, one] }),
  );
});

test("a version is pinned, for it crosses program versions", () => {
  assert.equal(resourceKey(listener), "listener:a/gw/foo");
  assert.equal(resourceVersion(listener), "9d7c2be027674bfdc0c349f9402269c6");
  assert.equal(
    configRevision(new Map([[resourceKey(listener), versioned(listener)]])),
    "9d7c2be027674bfdc0c349f9402269c6",
  );
});

test("equal content under two names has two versions", () => {
  assert.notEqual(resourceVersion(endpoints("a", 1)), resourceVersion(endpoints("b", 1)));
});

test("an empty configuration has a revision", () => {
  assert.equal(configRevision(new Map()), EMPTY_REVISION);
  assert.notEqual(EMPTY_REVISION, "");
});

test("updating a revision gives the same as computing it anew", () => {
  const config = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e", "f"), fc.integer({ min: 1, max: 4 }));
  fc.assert(
    fc.property(config, config, (before, after) => {
      const entries = (names: Record<string, number>) =>
        Object.entries(names).map(([name, port]) => {
          const resource = endpoints(name, port);
          return { key: resourceKey(resource), version: resourceVersion(resource) };
        });
      const revisionOf = (names: Record<string, number>) =>
        configRevision(new Map(entries(names).map((entry) => [entry.key, entry])));
      const updated = updateRevision(revisionOf(before), { removed: entries(before), added: entries(after) });
      assert.equal(updated, revisionOf(after));
    }),
  );
});
