import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import type { ListenerResource } from "../../model/proxy-config.ts";
import { parseIpAddress } from "../ip-address.ts";
import { CidrSet, cidrProblem } from "./cidr.ts";
import { ClientRules } from "./client-rules.ts";

/** Few bits differ, so that blocks and addresses meet. */
const ipv4 = fc.integer({ min: 0, max: 0x3ff }).map((n) => `10.${n >> 8}.${n & 255}.${(n * 7) & 255}`);
const ipv6 = fc.integer({ min: 0, max: 0xff }).map((n) => `2001:db8:${(n & 0xf0).toString(16)}::${n.toString(16)}`);

test("what a set holds is what Node's BlockList holds", () => {
  const block4 = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 }));
  const block6 = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 }));
  const inputs = [
    fc.array(block4, { maxLength: 4 }),
    fc.array(block6, { maxLength: 4 }),
    fc.oneof(ipv4, ipv6),
  ] as const;
  fc.assert(
    fc.property(...inputs, (blocks4, blocks6, address) => {
      const list = new BlockList();
      for (const [net, prefix] of blocks4) list.addSubnet(net, prefix, "ipv4");
      // Node applies rules of IPv6 to IPv4 addresses only in the mapped form, ours to both: a prefix that covers it covers all.
      for (const [net, prefix] of blocks6) list.addSubnet(net, prefix, "ipv6");
      const set = new CidrSet([...blocks4, ...blocks6].map(([net, prefix]) => `${net}/${prefix}`));
      const isIn = list.check(address, address.includes(":") ? "ipv6" : "ipv4");
      const mapped = !address.includes(":") && list.check(`::ffff:${address}`, "ipv6");
      assert.equal(set.has(parseIpAddress(address)!), isIn || mapped);
    }),
  );
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
  ["192.0.2.0/", /write an address/],
  ["192.0.2.0/8/8", /write an address/],
  ["office", /write an address/],
] as const) {
  test(`${text} ${problem === undefined ? "is" : "is not"} a CIDR block`, () => {
    if (problem === undefined) assert.equal(cidrProblem(text), undefined);
    else assert.match(cidrProblem(text) ?? "", problem);
  });
}

const listener = (client?: ListenerResource["client"]): ListenerResource => ({
  kind: "listener",
  name: "l",
  port: 443,
  protocol: "TCP",
  ...(client && { client }),
});

test("deny wins over allow, what is not allowed is denied, and without rules everyone is taken", () => {
  const rules = new ClientRules();
  const isDenied = (client: ListenerResource["client"], address: string) => rules.isDenied(listener(client), address);
  assert.equal(isDenied(undefined, "nobody"), false);
  const both = { allow: ["192.0.2.0/24"], deny: ["192.0.2.128/25"] };
  assert.deepEqual(
    ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.200", "198.51.100.1", "2001:db8::1"].map((one) => isDenied(both, one)),
    [false, false, true, true, true],
  );
  assert.deepEqual(
    ["192.0.2.1", "2001:db8::1", "unknown"].map((one) => isDenied({ deny: ["2001:db8::/32"] }, one)),
    [false, true, true],
  );
  assert.equal(isDenied({ allow: [] }, "192.0.2.1"), true);
});

test("a header is asked of trusted peers; of others it is none of ours, or their connection is refused", () => {
  const rules = new ClientRules();
  const trusted = ["10.0.0.0/8"];
  const expected = (mode: "required" | "optional", peer: string) => rules.expectation({ mode, trusted }, peer);
  assert.deepEqual(
    [expected("required", "10.1.2.3"), expected("required", "::ffff:10.1.2.3"), expected("required", "192.0.2.1")],
    ["required", "required", "untrusted"],
  );
  assert.deepEqual([expected("optional", "10.1.2.3"), expected("optional", "192.0.2.1")], ["optional", "none"]);
  assert.equal(rules.expectation(undefined, "10.1.2.3"), "none");
});
