import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { Delta } from "../generated/control_pb.ts";
import { DeltaSchema, ResourceSchema } from "../generated/control_pb.ts";
import { configs } from "../testing/arbitraries.ts";
import { DeltaAssembly, deltaToWire, heldToWire } from "./chunks.ts";

function assembled(parts: Iterable<Delta>) {
  const assembly = new DeltaAssembly();
  const results = [...parts].map((part) => assembly.add(part));
  assert.deepEqual(
    results.slice(0, -1).filter((result) => result !== undefined),
    [],
  );
  return results.at(-1);
}

test("a delta cut anywhere is put together whole, and only at its last part", () => {
  const chunkBytes = fc.integer({ min: 1, max: 2_000 });
  fc.assert(
    fc.property(configs, fc.array(fc.string(), { maxLength: 20 }), chunkBytes, (config, removals, limit) => {
      const delta: ConfigDelta = { revision: config.revision, upserts: config.resources, removals };
      const parts = [...deltaToWire(delta, 7, limit)];
      assert.ok(parts.every((part) => part.sequence === 7 && part.revision === delta.revision));
      assert.deepEqual(assembled(parts), { ok: true, value: delta });
    }),
  );
});

test("the cause of a delta goes with its last part alone", () => {
  const cause = { pass: "p1-2", changes: ["c1-3", "c1-4"] };
  const removals = ["route:shop/a", "route:shop/b"];
  const parts = [...deltaToWire({ revision: "r", upserts: new Map(), removals, cause }, 1, 1)];
  assert.deepEqual(
    parts.map((part) => part.cause?.pass),
    [undefined, "p1-2"],
  );
  assert.deepEqual(assembled(parts), { ok: true, value: { revision: "r", upserts: new Map(), removals, cause } });
});

test("no part is larger than the limit unless one resource is", () => {
  fc.assert(
    fc.property(configs, (config) => {
      const parts = [...deltaToWire({ revision: config.revision, upserts: config.resources, removals: [] }, 1, 1_000)];
      for (const part of parts.filter(({ upserts }) => upserts.length > 1)) {
        // The parts' own sequence and revision come on top of the resources.
        assert.ok(toBinary(DeltaSchema, part).length <= 1_000 + 100);
      }
    }),
  );
});

test("a small delta is one message", () => {
  const parts = [...deltaToWire({ revision: "r", upserts: new Map(), removals: ["route:shop/a"] }, 1)];
  assert.equal(parts.length, 1);
  assert.equal(parts[0]?.last, true);
});

test("a resource of an unknown kind in any part spoils the whole delta, and says which", () => {
  const upserts = [create(ResourceSchema, { name: "shop/x", version: "1" })];
  const strange = create(DeltaSchema, { sequence: 1, revision: "r", upserts });
  const rest = create(DeltaSchema, { sequence: 1, revision: "r", last: true });
  const result = assembled([strange, rest]);
  assert.ok(result !== undefined && !result.ok);
  assert.match(result.problem, /^resource shop\/x: .*its kind/);
});

test("what a proxy holds is listed in full over as many messages as it takes", () => {
  const versions = new Map(Array.from({ length: 100 }, (_, n) => [`route:shop/r${n}`, `v${n}`]));
  const messages = [...heldToWire({ revision: "r", versions }, 256)];
  assert.ok(messages.length > 5, `${messages.length} messages`);
  const listed = messages.flatMap(({ resources }) => resources.map(({ key, version }) => [key, version] as const));
  assert.deepEqual(new Map(listed), versions);
  assert.deepEqual([...heldToWire({ revision: "", versions: new Map() })], []);
});
