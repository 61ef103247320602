import assert from "node:assert/strict";
import { test } from "node:test";
import { addressGuard } from "./address-guard.ts";

const isForbidden = addressGuard(["192.0.2.7", "2001:db8::7", "fe80::1%eth0"]);

const forbidden = [
  "127.0.0.1",
  "127.255.255.254",
  "0.0.0.0",
  "0.1.2.3",
  "169.254.169.254",
  "169.254.0.1",
  "224.0.0.1",
  "239.1.1.1",
  "255.255.255.255",
  "240.0.0.1",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:169.254.169.254",
  "::ffff:a9fe:a9fe",
  "0:0:0:0:0:ffff:7f00:0001",
  "::ffff:0.0.0.0",
  "64:ff9b::7f00:1",
  "64:ff9b::169.254.169.254",
  "fe80::1",
  "febf::1",
  "ff02::1",
  "fd00:ec2::254",
  "fd20:ce::254",
  "192.0.2.7",
  "::ffff:192.0.2.7",
  "2001:db8::7",
  "2001:0db8:0:0::7",
  "localhost",
  "",
  "127.1",
];
for (const address of forbidden) test(`forbidden: ${address}`, () => assert.equal(isForbidden(address), true));

const allowed = [
  "93.184.216.34",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "169.253.1.1",
  "192.0.2.8",
  "2001:db8::8",
  "fd00::1",
  "2606:4700::1111",
  "::ffff:10.0.0.1",
  "64:ff9b::a00:1",
  "fec0::1",
];
for (const address of allowed) test(`allowed: ${address}`, () => assert.equal(isForbidden(address), false));
