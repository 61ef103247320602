import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressGuard, DeniedRanges, describeDenial } from "./address-guard.ts";

const OWN = ["192.0.2.7", "2001:db8::7", "fe80::1%eth0"];
const guard = new AddressGuard({ ownAddresses: OWN, deniedRanges: new DeniedRanges() });

/** Every form of IPv6 in which the IPv4 address `a.b.c.d` is embedded. */
function embeddedForms(ipv4: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
  const [high, low] = [hex(a, b), hex(c, d)];
  return [
    `::ffff:${ipv4}`,
    `::ffff:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `::${ipv4}`,
    `::ffff:0:${ipv4}`,
    `64:ff9b::${ipv4}`,
    `64:ff9b::${high}:${low}`,
    `64:ff9b:1::${high}:${low}`,
    `64:ff9b:1:${high}:${hex(0, c)}:${hex(d, 0)}::`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}::1`,
    `2001:0:c633:6401:0:0:${hex(a ^ 255, b ^ 255)}:${hex(c ^ 255, d ^ 255)}`,
    `2001:db8:1::5efe:${ipv4}`,
    `2001:db8:1::200:5efe:${high}:${low}`,
  ];
}

const SPECIAL = [
  ...["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1"],
  ...["::", "::1", "::2", "ff02::1"],
];
const DENIED_BY_DEFAULT = [
  ...["169.254.169.254", "169.254.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192"],
  ...["fe80::2", "febf::1", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:100::100:200"],
  ...[
    "fd00:42::42",
    "fd00:a9fe:a9fe::1",
    "64:ff9b:1::a00:1",
    "64:ff9b:1:5db8::808:808",
    "2002:5db8:d822::1",
    "2001:0:808:808::f7f7:f7f7",
  ],
];

for (const address of SPECIAL) {
  test(`special: ${address}`, () => assert.deepEqual(guard.findDenial(address), { reason: "special_address" }));
}

for (const address of DENIED_BY_DEFAULT) {
  test(`denied by default: ${address}`, () => assert.equal(guard.findDenial(address)?.reason, "denied_cidr"));
}

for (const address of ["192.0.2.7", "2001:db8::7", "2001:0db8:0:0::7", "fe80::1"]) {
  test(`own: ${address}`, () => assert.deepEqual(guard.findDenial(address), { reason: "own_address" }));
}

for (const address of ["localhost", "", "127.1", "00.1.1.1", "010.0.0.1", "fe80::1%eth0"]) {
  test(`not an address: ${JSON.stringify(address)}`, () => {
    assert.deepEqual(guard.findDenial(address), { reason: "not_an_address" });
  });
}

for (const address of [
  ...["93.184.216.34", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.253.1.1", "192.0.2.8"],
  ...["2001:db8::8", "fd00::1", "2606:4700::1111", "::ffff:10.0.0.1", "64:ff9b::a00:1", "fec0::1"],
]) {
  test(`allowed: ${address}`, () => assert.equal(guard.findDenial(address), undefined));
}

for (const address of [
  "127.0.0.1",
  "169.254.169.254",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "192.0.2.7",
]) {
  test(`${address} is denied in every embedded form`, () => {
    for (const form of [address, ...embeddedForms(address)]) assert.notEqual(guard.findDenial(form), undefined, form);
  });
}

test("a range of an administrator's is denied in every embedded form, and replaces the default ones", () => {
  const own = new AddressGuard({
    ownAddresses: OWN,
    deniedRanges: new DeniedRanges(["10.96.0.0/12", "2001:db8:aaaa::/48"]),
  });
  for (const form of ["10.100.1.2", ...embeddedForms("10.100.1.2")])
    assert.notEqual(own.findDenial(form), undefined, form);
  assert.deepEqual(own.findDenial("64:ff9b::10.100.1.2"), { reason: "denied_cidr", cidr: "10.96.0.0/12" });
  assert.deepEqual(own.findDenial("2001:db8:aaaa::1"), { reason: "denied_cidr", cidr: "2001:db8:aaaa::/48" });
  assert.equal(own.findDenial("10.95.1.2"), undefined);
  assert.equal(own.findDenial("169.254.169.254"), undefined, "the default ranges do not hold");
  assert.equal(own.findDenial("64:ff9b:1::a00:1"), undefined);
  for (const address of [
    ...SPECIAL,
    ...OWN.slice(0, 2),
    "2002:7f00:1::1",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::c000:207",
  ]) {
    assert.notEqual(own.findDenial(address), undefined, `${address} is always denied`);
  }
});

test("a denial is described", () => {
  const told = ["127.0.0.1", "192.0.2.7", "169.254.169.254", "x"].map((address) => {
    const denial = guard.findDenial(address);
    return denial && describeDenial(denial);
  });
  assert.deepEqual(told, [
    "is a loopback, unspecified, multicast or reserved address",
    "is the proxy itself",
    "is in the denied range 169.254.0.0/16",
    "is not an IP address",
  ]);
});
