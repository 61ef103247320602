import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { HeldSchema, ReportSchema } from "../generated/control_pb.ts";
import { heldToWire } from "./chunks.ts";
import { decodeHeld, decodeReport, MAX_REQUEST_BYTES } from "./requests.ts";

test("all that a proxy sends of its own is within the limits", () => {
  const versions = new Map(Array.from({ length: 100_000 }, (_, at) => [`r:${at}`, "1"] as const));
  let count = 0;
  for (const message of heldToWire({ revision: "r", versions })) {
    const bytes = toBinary(HeldSchema, message);
    assert.ok(bytes.length < MAX_REQUEST_BYTES);
    const decoded = decodeHeld(bytes);
    assert.ok(decoded.ok);
    count += decoded.value.resources.length;
  }
  assert.equal(count, 100_000);
});

test("a report is what was sent; one that is cut off or has fields beyond the limit is a problem", () => {
  const listeners = Array.from({ length: 5_000 }, (_, at) => ({ key: `listener:${at}`, version: "1" }));
  const bytes = toBinary(ReportSchema, create(ReportSchema, { revision: "r", listeners }));
  const decoded = decodeReport(bytes);
  assert.ok(decoded.ok);
  assert.deepEqual([decoded.value.revision, decoded.value.listeners.length], ["r", 5_000]);
  assert.equal(decodeReport(bytes.subarray(0, -1)).ok, false);
  const many = create(ReportSchema, { listeners: Array.from({ length: 16_385 }, () => ({})) });
  assert.deepEqual(decodeReport(toBinary(ReportSchema, many)), {
    ok: false,
    problem: "a Report has more than 16384 fields",
  });
});

test("unknown fields are not kept", () => {
  const decoded = decodeReport(new Uint8Array([0xfa, 0x01, 0x00]));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.$unknown, undefined);
});
