import assert from "node:assert/strict";
import { isIP, SocketAddress } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalIpAddress, formatIpAddress, formatIpv6, fromIpv4, isIpv4, parseIpAddress } from "./ip-address.ts";

/** Each of these is an address to some program. */
for (const text of [
  "00.1.1.1",
  "010.1.1.1",
  "127.1",
  "0x7f.0.0.1",
  "2130706433",
  "::ffff:010.1.1.1",
  "1.2.3.4.",
  "fe80::1%1",
  "[::1]",
]) {
  test(`${text} is not an address`, () => assert.equal(parseIpAddress(text), undefined));
}

test("Node reads an address as this parser does", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const { address } = new SocketAddress({ address: text, family: text.includes(":") ? "ipv6" : "ipv4" });
      assert.equal(canonicalIpAddress(text), canonicalIpAddress(address));
      if (!text.includes(":")) assert.equal(canonicalIpAddress(text), text);
    }),
  );
});

test("what is an address to Node is one here, and nothing else is", () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^[0-9a-f:.]{0,20}$/),
    fc.ipV6().map((text) => `${text}:1`),
    fc.ipV4().map((text) => `::ffff:${text}`),
    fc.ipV4().map((text) => `0${text}`),
  );
  fc.assert(fc.property(texts, (text) => assert.equal(parseIpAddress(text) !== undefined, isIP(text) !== 0, text)));
});

test("an address survives being written and read, and is written as Node writes it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = formatIpAddress(bytes);
      assert.deepEqual(parseIpAddress(text), bytes);
      if (isIpv4(bytes)) return;
      const full = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(
        ":",
      );
      const { address } = new SocketAddress({ address: full, family: "ipv6" });
      // Node writes the deprecated compatible form of IPv4 (::192.0.2.1) with dots; RFC 5952 does not ask for it.
      if (!address.includes(".")) assert.equal(text, address);
    }),
  );
});

for (const [text, written] of [
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["::", "::"],
  ["1::", "1::"],
  ["::1", "::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
] as const) {
  test(`${text} is ${written}`, () => {
    const address = parseIpAddress(text);
    assert.ok(address !== undefined);
    assert.equal(formatIpAddress(address), written);
  });
}

test("an IPv4 address and its mapped form are one", () => {
  assert.deepEqual(parseIpAddress("::ffff:c000:201"), fromIpv4([192, 0, 2, 1]));
  assert.equal(isIpv4(fromIpv4([192, 0, 2, 1])), true);
  assert.equal(formatIpv6(fromIpv4([192, 0, 2, 1])), "::ffff:c000:201");
});
