/** The reader of PROXY headers: whatever comes, it ends, stays within what came, and says nothing that was not sent. */
import assert from "node:assert/strict";
import { isIP } from "node:net";
import { SIGNATURE_V2 } from "../../src/proxy/proxy-protocol/header.ts";
import { type HeaderReading, readProxyHeader } from "../../src/proxy/proxy-protocol/read.ts";
import { writeProxyHeader } from "../../src/proxy/proxy-protocol/write.ts";
import { bytes, uint16 } from "../wire/hello-bytes.ts";
import type { FuzzTarget } from "./target.ts";

const ends = { source: { address: "192.0.2.1", port: 4711 }, destination: { address: "192.0.2.2", port: 443 } };
const ends6 = { source: { address: "2001:db8::1", port: 1 }, destination: { address: "2001:db8::2", port: 65_535 } };
const fields = { alpn: bytes("h2"), authority: "a.example", uniqueId: bytes("an id") };

export const proxyHeaderTarget: FuzzTarget = {
  name: "proxy-header",
  seeds: () => [
    writeProxyHeader({ version: 1, ends }),
    writeProxyHeader({ version: 1, ends: ends6 }),
    writeProxyHeader({ version: 1 }),
    writeProxyHeader({ version: 2, ends, fields }),
    writeProxyHeader({ version: 2, ends: ends6, fields }),
    writeProxyHeader({ version: 2 }),
    bytes("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"),
    bytes(SIGNATURE_V2, 0x21, 0x31, uint16(216), Buffer.alloc(216, "/")),
    bytes(SIGNATURE_V2, 0x21, 0x11, uint16(15), 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2, 4, 0, 0),
  ],
  dictionary: [
    bytes("PROXY "),
    bytes("TCP4 "),
    bytes("TCP6 "),
    bytes("UNKNOWN"),
    bytes("\r\n"),
    bytes(" "),
    bytes("::ffff:192.0.2.1"),
    bytes("255.255.255.255"),
    bytes("65535"),
    bytes(SIGNATURE_V2),
    bytes(0x21, 0x11, 0, 12),
    bytes(0x21, 0x21, 0, 36),
    bytes(0x20, 0),
    bytes(1, 0, 2, "h2"),
    bytes(2, 0, 9, "a.example"),
    bytes(3, 0, 4, 0, 0, 0, 0),
    bytes(4, 0, 0),
    bytes(5, 0, 1, "x"),
  ],
  check: (input, random) => {
    const whole = readProxyHeader(input);
    const prefix = readProxyHeader(input.subarray(0, random.below(input.length + 1)));
    if (prefix.state !== "need_more") assert.deepEqual(prefix, whole, "a prefix");
    if (whole.state !== "need_more") assert.deepEqual(readProxyHeader(bytes(input, "more")), whole, "more behind it");
    if (whole.state === "refused") assert.match(whole.detail, /^version [12]: [ -~]+$/);
    if (whole.state === "header") assertHeader(whole, input);
  },
};

function assertHeader({ header, consumed }: Extract<HeaderReading, { state: "header" }>, input: Uint8Array): void {
  assert.ok(consumed > 0 && consumed <= input.length, `${consumed} of ${input.length} bytes`);
  const before = readProxyHeader(input.subarray(0, consumed - 1));
  assert.equal(before.state, "need_more", "a header that ends before its end");
  if (header.command !== "proxy") return;
  const { source, destination, fields } = header;
  for (const { address, port } of [source, destination]) {
    assert.notEqual(isIP(address), 0, `no address: ${JSON.stringify(address)}`);
    assert.ok(Number.isInteger(port) && port >= 0 && port <= 65_535);
  }
  const again = readProxyHeader(writeProxyHeader({ version: 2, ends: { source, destination }, fields }));
  assert.ok(again.state === "header" && again.header.command === "proxy");
  assert.equal(isIP(again.header.source.address) > 0, true);
  assert.deepEqual({ ...again.header.fields }, { ...fields }, "written and read again");
}
