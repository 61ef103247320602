import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { encodeSocketAddress, formatSocketAddress } from "./socket-address.ts";

const roundTrip = (address: string, port: number): string => {
  const bytes = encodeSocketAddress(address, port);
  assert.ok(bytes !== undefined, address);
  return formatSocketAddress(bytes);
};

test("the bytes are the kernel's structures", () => {
  assert.deepEqual(
    [...(encodeSocketAddress("192.0.2.1", 443) ?? [])],
    [2, 0, 1, 187, 192, 0, 2, 1, ...new Array<number>(8).fill(0)],
  );
  const six = [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1];
  assert.deepEqual(
    [...(encodeSocketAddress("2001:db8::1", 443) ?? [])],
    [10, 0, 1, 187, 0, 0, 0, 0, ...six, 0, 0, 0, 0],
  );
});

test("every IPv4 address and port comes back", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(65_535), (address, port) => {
      assert.equal(roundTrip(address, port), `${address}:${port}`);
    }),
  );
});

test("every IPv6 address is read in any form, and written as the URL standard writes it", () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.nat(65_535), (address, port) => {
      assert.equal(roundTrip(address, port), `${new URL(`http://[${address}]`).hostname}:${port}`);
    }),
  );
});

test("the longest run of zeros is shortened, the first of equals, and a single one is not", () => {
  assert.equal(roundTrip("0:0:1:0:0:0:1:0", 1), "[0:0:1::1:0]:1");
  assert.equal(roundTrip("1:0:0:2:3:0:0:4", 1), "[1::2:3:0:0:4]:1");
  assert.equal(roundTrip("1:0:2:3:4:5:6:7", 1), "[1:0:2:3:4:5:6:7]:1");
  assert.equal(roundTrip("::", 1), "[::]:1");
});

test("what Node takes for no address is none here either", () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef:.") }),
    fc.ipV6().map((address) => `${address}:1`),
    fc.ipV6().map((address) => address.slice(1)),
    fc.ipV4().map((address) => address.slice(1)),
  );
  fc.assert(
    fc.property(text, (address) => {
      assert.equal(encodeSocketAddress(address, 1) !== undefined, isIP(address) !== 0, address);
    }),
    { numRuns: 2_000 },
  );
});

test("a family that is neither is told as unknown", () => {
  assert.equal(formatSocketAddress(Uint8Array.of(1, 0, 0, 0)), "unknown:0");
});
