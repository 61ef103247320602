import assert from "node:assert/strict";
import { test } from "node:test";
import { findEmbeddedIpv4 } from "./embedded-ipv4.ts";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";

for (const [text, ...embedded] of [
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::192.0.2.1", "192.0.2.1"],
  ["::ffff:0:192.0.2.1", "192.0.2.1"],
  ["64:ff9b::c000:201", "192.0.2.1"],
  // The same address under prefixes of 48, 56, 64 and 96 bits, as in RFC 6052 section 2.4.
  ["64:ff9b:1:c000:2:100::", "192.0.2.1", "2.1.0.0", "0.0.0.0"],
  ["64:ff9b:1:1c0:0:201::", "1.192.0.2", "192.0.2.1", "0.0.0.0"],
  ["64:ff9b:1:100:c0:2:100:0", "1.0.192.0", "192.0.2.1", "1.0.0.0"],
  ["64:ff9b:1::c000:201", "192.0.2.1"],
  ["2002:c000:201::1", "192.0.2.1"],
  ["2001:0:c633:6401:0:0:3fff:fdfe", "198.51.100.1", "192.0.2.1"],
  ["fe80::5efe:192.0.2.1", "192.0.2.1"],
  ["2001:db8::200:5efe:c000:201", "192.0.2.1"],
  ["2001:db8::c000:201"],
  ["fd00::1"],
] as const) {
  test(`${text} embeds ${embedded.join(", ") || "none"}`, () => {
    const found = findEmbeddedIpv4(parseIpAddress(text) ?? assert.fail());
    assert.deepEqual(found.map(formatIpAddress), embedded);
  });
}
