import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CidrSet, cidrProblem } from "./cidr.ts";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";

/** Few bits differ, so that blocks and addresses meet. */
const ipv4 = fc.integer({ min: 0, max: 0x3ff }).map((n) => `10.${n >> 8}.${n & 255}.${(n * 7) & 255}`);
const ipv6 = fc.oneof(
  fc.integer({ min: 0, max: 0xff }).map((n) => `2001:db8:${(n & 0xf0).toString(16)}::${n.toString(16)}`),
  ipv4.map((text) => `::ffff:${text}`),
  fc.constantFrom("::", "::1"),
);

/** The 128 bits of an address; an IPv4 address has those of its mapped form. */
function bitsOf(address: string): bigint {
  const bytes = parseIpAddress(address) ?? assert.fail(address);
  return bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
}

test("a set contains an address when a block has the same leading bits", () => {
  const block4 = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 }));
  const block6 = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 }));
  const blocks = fc.array(fc.oneof(block4, block6), { maxLength: 6 });
  fc.assert(
    fc.property(blocks, fc.oneof(ipv4, ipv6), (networks, address) => {
      const isWithin = ([network, prefix]: readonly [string, number]) => {
        const shift = BigInt((network.includes(":") ? 128 : 32) - prefix);
        return bitsOf(network) >> shift === bitsOf(address) >> shift;
      };
      const set = new CidrSet(networks.map(([network, prefix]) => `${network}/${prefix}`));
      const expected = networks.some(isWithin);
      assert.equal(set.has(address), expected);
      assert.equal(
        set.has(formatIpAddress(parseIpAddress(address) ?? assert.fail())),
        expected,
        "and in its other text",
      );
    }),
    { numRuns: 2_000 },
  );
});

test("a text that is not an address is in no block", () => {
  const set = new CidrSet(["0.0.0.0/0", "::/0"]);
  for (const text of ["", "localhost", "010.0.0.1", "10.0.0.1 ", "fe80::1%eth0"])
    assert.equal(set.has(text), false, text);
  assert.throws(() => new CidrSet(["010.0.0.0/8"]), RangeError);
});

for (const [text, problem] of [
  ["192.0.2.0/24", undefined],
  ["192.0.2.1", undefined],
  ["2001:db8::/32", undefined],
  ["0.0.0.0/0", undefined],
  ["::/0", undefined],
  ["192.0.2.1/24", /bits set beyond/],
  ["2001:db8::1/32", /bits set beyond/],
  ["192.0.2.0/33", /write an address/],
  ["::/129", /write an address/],
  ["192.0.2.0/024", /write an address/],
  ["010.0.0.0/8", /write an address/],
  ["fe80::1%eth0/128", /write an address/],
  ["192.0.2.0/", /write an address/],
  ["192.0.2.0/8/8", /write an address/],
  ["office", /write an address/],
] as const) {
  test(`${text} ${problem === undefined ? "is" : "is not"} a CIDR block`, () => {
    if (problem === undefined) assert.equal(cidrProblem(text), undefined);
    else assert.match(cidrProblem(text) ?? "", problem);
  });
}
