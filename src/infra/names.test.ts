import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { childName, labelValue, portName } from "./names.ts";

const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const gatewayName = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?$/);

test("a short name stays readable", () => {
  assert.equal(childName("simple-fsm-gateway"), "fsm-gateway-simple-fsm-gateway");
  assert.equal(labelValue("a.b"), "a.b");
  assert.equal(portName("foo"), "foo");
});

test("every name becomes a DNS label, and different names stay different", () => {
  fc.assert(
    fc.property(gatewayName, gatewayName, (a, b) => {
      assert.match(childName(a), label);
      assert.match(portName(a), label);
      assert.ok(labelValue(a).length <= 63);
      assert.equal(childName(a) === childName(b), a === b);
    }),
  );
});

test("names that differ by a dot only do not meet", () => {
  assert.notEqual(childName("a.b"), childName("a-b"));
});
