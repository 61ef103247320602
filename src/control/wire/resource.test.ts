import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { versioned } from "../../model/revision.ts";
import { ResourceSchema } from "../generated/control_pb.ts";
import { resources } from "../testing/arbitraries.ts";
import { resourceFromWire, resourceToWire } from "./resource.ts";

test("every resource survives the way over the wire, to its version", () => {
  fc.assert(
    fc.property(resources, (resource) => {
      const sent = versioned(resource);
      const bytes = toBinary(ResourceSchema, resourceToWire(sent));
      const received = resourceFromWire(fromBinary(ResourceSchema, bytes));
      assert.deepEqual(received, { ok: true, value: sent });
      assert.ok(received.ok);
      assert.equal(versioned(received.value.resource).version, sent.version);
    }),
  );
});

const listener = { port: 443, protocol: "TLS", mode: "Passthrough" };
const strangers: [name: string, kind: NonNullable<MessageInitShape<typeof ResourceSchema>["kind"]>, word: RegExp][] = [
  ["a listener of another protocol", { case: "listener", value: { ...listener, protocol: "QUIC" } }, /"QUIC"/],
  ["a listener of another mode", { case: "listener", value: { ...listener, mode: "Terminate" } }, /"Terminate"/],
  ["a backend without a known target", { case: "backend", value: {} }, /kind of backend target/],
  ["a reason of a newer API", { case: "backend", value: { target: { case: "invalid", value: "New" } } }, /"New"/],
];
for (const [what, kind, word] of strangers) {
  test(`${what} is refused by name`, () => {
    const decoded = resourceFromWire(create(ResourceSchema, { name: "shop/x", version: "1", kind }));
    assert.ok(!decoded.ok);
    assert.match(decoded.problem, /^resource shop\/x: this proxy does not know /);
    assert.match(decoded.problem, word);
  });
}

test("a kind of a newer operator is refused by name", () => {
  // Field 15, length-delimited, empty: a case of the oneof that this contract does not have.
  const known = toBinary(ResourceSchema, create(ResourceSchema, { name: "shop/x", version: "1" }));
  const decoded = resourceFromWire(fromBinary(ResourceSchema, Buffer.concat([known, Buffer.from([0x7a, 0x00])])));
  assert.deepEqual(decoded, {
    ok: false,
    problem: "resource shop/x: this proxy does not know its kind; it may be older than the operator",
  });
});
