import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpAddress, parseIpAddress } from "../../net/ip-address.ts";
import { crc32c } from "./crc32c.ts";
import { type ConnectionEnds, FIELD, type HeaderFields, SIGNATURE_V2 } from "./header.ts";
import { type HeaderReading, readProxyHeader } from "./read.ts";
import { writeProxyHeader } from "./write.ts";

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

const port = fc.integer({ min: 0, max: 65_535 });
const endsOf = (address: fc.Arbitrary<string>): fc.Arbitrary<ConnectionEnds> => {
  const end = fc.record({ address: address.map((text) => formatIpAddress(parseIpAddress(text)!)), port });
  return fc.record({ source: end, destination: end });
};
const ends = fc.oneof(endsOf(fc.ipV4()), endsOf(fc.ipV6()));
const fields: fc.Arbitrary<HeaderFields> = fc.record(
  {
    alpn: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    authority: fc.domain(),
    uniqueId: fc.uint8Array({ minLength: 1, maxLength: 128 }),
  },
  { requiredKeys: [] },
);
const plain = <T>(value: T): T => structuredClone(value);

function header(reading: HeaderReading) {
  assert.equal(reading.state, "header", JSON.stringify(reading));
  return reading as Extract<HeaderReading, { state: "header" }>;
}

test("what is written is read, whatever follows, and every part of it needs more", () => {
  fc.assert(
    fc.property(ends, fields, fc.constantFrom<1 | 2>(1, 2), fc.uint8Array(), (ends, fields, version, rest) => {
      const written = writeProxyHeader({ version, ends, fields });
      const reading = header(readProxyHeader(Buffer.from(join(written, rest))));
      assert.equal(reading.consumed, written.length);
      const expected = { command: "proxy", ...ends, fields: version === 1 ? {} : fields };
      assert.deepEqual(plain(reading.header), plain(expected));
      for (let length = 0; length < written.length; length++) {
        assert.deepEqual(readProxyHeader(written.subarray(0, length)), { state: "need_more" });
      }
      if (version === 1) assert.ok(written.length <= 107);
    }),
    { numRuns: 200 },
  );
});

test("ends of two families are written as two of IPv6", () => {
  const mixed = { source: { address: "192.0.2.1", port: 1 }, destination: { address: "2001:db8::1", port: 443 } };
  assert.equal(
    String(Buffer.from(writeProxyHeader({ version: 1, ends: mixed }))),
    "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 443\r\n",
  );
  assert.deepEqual(header(readProxyHeader(writeProxyHeader({ version: 2, ends: mixed }))).header, {
    command: "proxy",
    ...mixed,
    fields: {},
  });
});

for (const [protocol, sent, read] of [
  ["TCP6", "::ffff:192.0.2.1", "192.0.2.1"],
  ["TCP6", "::FFFF:C000:0201", "192.0.2.1"],
  ["TCP6", "2001:DB8:0000:0:0:0:0:0001", "2001:db8::1"],
  ["TCP4", "192.0.2.1", "192.0.2.1"],
] as const) {
  test(`version 1: however ${read} is spelled (${sent}), it is one client`, () => {
    const bytes = bytesOf(`PROXY ${protocol} ${sent} ${sent} 1 2\r\n`);
    const { header: said } = header(readProxyHeader(bytes));
    assert.ok(said.command === "proxy");
    assert.deepEqual([said.source.address, said.destination.address], [read, read]);
  });
}

for (const [protocol, sent] of [
  ["TCP4", "192.0.02.1"],
  ["TCP4", "0300.0.2.1"],
  ["TCP6", "::ffff:192.0.02.1"],
  ["TCP6", "2001:db8::00001"],
] as const) {
  test(`version 1: ${sent} is refused, which others could read as another address`, () => {
    assert.equal(readProxyHeader(bytesOf(`PROXY ${protocol} ${sent} ${sent} 1 2\r\n`)).state, "refused");
  });
}

test("who speaks for itself says so", () => {
  assert.deepEqual(header(readProxyHeader(writeProxyHeader({ version: 2 }))).header, { command: "local" });
  assert.deepEqual(header(readProxyHeader(writeProxyHeader({ version: 1 }))).header, {
    command: "unknown",
    fields: {},
  });
});

test("any bytes get an answer, the same in one piece as octet by octet, and no answer comes late", () => {
  const begun = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc.uint8Array({ maxLength: 120 }).map((rest) => join(SIGNATURE_V2, rest)),
    fc.uint8Array({ maxLength: 60 }).map((rest) => join(SIGNATURE_V2, Uint8Array.of(0x21, 0x11, 0, 30), rest)),
    fc.stringMatching(/^[ 0-9.:TCP46UNKOW\r\n]{0,110}$/).map((text) => bytesOf(`PROXY ${text}`)),
  );
  fc.assert(
    fc.property(begun, (bytes) => {
      const whole = readProxyHeader(bytes);
      let first: HeaderReading = { state: "need_more" };
      for (let length = 0; length <= bytes.length && first.state === "need_more"; length++) {
        first = readProxyHeader(bytes.subarray(0, length));
      }
      assert.deepEqual(first, whole);
    }),
  );
});

test("a changed octet is found by the checksum", () => {
  const ends = { source: { address: "192.0.2.1", port: 1 }, destination: { address: "192.0.2.2", port: 2 } };
  const written = writeProxyHeader({ version: 2, ends, fields: { authority: "a.example" } });
  for (let at = 16; at < 16 + 12; at++) {
    const changed = written.slice();
    changed[at]! ^= 0x55;
    assert.deepEqual(readProxyHeader(changed), { state: "refused", detail: "version 2: the checksum is wrong" });
  }
});

test("CRC32C of known texts", () => {
  // RFC 3720 appendix B.4: 32 octets of zeros, of ones, and counting up.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, octet) => octet)), 0x46dd794e);
});

const v2 = (command: number, family: number, body: Uint8Array) =>
  join(SIGNATURE_V2, Uint8Array.of(command, family, body.length >> 8, body.length & 0xff), body);
const IPV4_BODY = Uint8Array.of(192, 0, 2, 1, 192, 0, 2, 2, 0, 80, 1, 187);
const field = (type: number, ...value: number[]) =>
  Uint8Array.of(type, value.length >> 8, value.length & 0xff, ...value);

for (const [what, bytes] of [
  ["TLS", Uint8Array.of(0x16, 3, 1)],
  ["an HTTP request", bytesOf("POST / HTTP/1.1\r\n")],
  ["the word PROXY in another place", bytesOf("PROXI")],
  ["another line end", bytesOf("\r\n\r\n\0\r\nQUIZ")],
] as const) {
  test(`${what} is no header`, () => assert.deepEqual(readProxyHeader(bytes), { state: "absent" }));
}

for (const [what, bytes, detail] of [
  ["a line without end", bytesOf(`PROXY TCP4 ${"1".repeat(96)}`), /no line end in 107 octets/],
  ["a line with LF alone", bytesOf("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"), /CRLF/],
  ["another protocol", bytesOf("PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n"), /TCP4, TCP6 or UNKNOWN/],
  ["an address of the other family", bytesOf("PROXY TCP4 ::1 ::2 1 2\r\n"), /two TCP4 addresses/],
  ["an address with leading zeros", bytesOf("PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n"), /two TCP4 addresses/],
  ["a port with leading zeros", bytesOf("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n"), /two ports/],
  ["a port that is none", bytesOf("PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n"), /two ports/],
  ["two spaces", bytesOf("PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n"), /two TCP4 addresses/],
  ["more than is said", bytesOf("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n"), /two ports/],
  ["version 3", v2(0x31, 0x11, IPV4_BODY), /version is not 2/],
  ["another command", v2(0x22, 0x11, IPV4_BODY), /LOCAL or PROXY/],
  ["another family", v2(0x21, 0x41, IPV4_BODY), /unknown address family/],
  ["another transport", v2(0x21, 0x13, IPV4_BODY), /unknown address family/],
  ["no room for addresses", v2(0x21, 0x21, IPV4_BODY), /shorter than its addresses/],
  ["a body of 65,535 octets", join(SIGNATURE_V2, Uint8Array.of(0x21, 0x11, 0xff, 0xff)), /longer than 16384/],
  ["a field cut short", v2(0x21, 0x11, join(IPV4_BODY, Uint8Array.of(2, 0, 9, 1))), /cut short/],
  ["a field without length", v2(0x21, 0x11, join(IPV4_BODY, Uint8Array.of(2, 0))), /cut short/],
  ["an empty unique id", v2(0x21, 0x11, join(IPV4_BODY, field(FIELD.uniqueId))), /unique id/],
  ["a long unique id", v2(0x21, 0x11, join(IPV4_BODY, field(5, ...new Array<number>(129).fill(1)))), /unique id/],
  ["a checksum of another length", v2(0x21, 0x11, join(IPV4_BODY, field(FIELD.crc32c, 1, 2))), /checksum/],
] as const) {
  test(`${what} is refused`, () => {
    const reading = readProxyHeader(bytes);
    assert.equal(reading.state, "refused");
    assert.match(reading.state === "refused" ? reading.detail : "", detail);
  });
}

test("UNKNOWN with whatever follows, a UNIX socket and UDP: the ends are not known", () => {
  const headers = [
    bytesOf("PROXY UNKNOWN\r\n"),
    bytesOf("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"),
    v2(0x21, 0x31, new Uint8Array(216)),
    v2(0x21, 0x12, IPV4_BODY),
    v2(0x21, 0x00, new Uint8Array()),
  ];
  for (const bytes of headers) {
    const { header: said, consumed } = header(readProxyHeader(bytes));
    assert.deepEqual([said.command, consumed], ["unknown", bytes.length]);
  }
});

test("LOCAL discards what it carries, whatever that is", () => {
  assert.deepEqual(header(readProxyHeader(v2(0x20, 0x11, Uint8Array.of(9, 9)))).header, { command: "local" });
});

test("fields that are not ours are passed over: NOOP, SSL with fields within, namespaces, custom ones", () => {
  const ssl = field(0x20, 1, 0, 0, 0, 0, ...field(0x21, 84, 76, 83));
  const body = join(IPV4_BODY, field(4, 0, 0), ssl, field(0x30, 110), field(0xe0, 1), field(FIELD.alpn, 104, 50));
  const { header: said } = header(readProxyHeader(v2(0x21, 0x11, body)));
  assert.deepEqual(said, {
    command: "proxy",
    source: { address: "192.0.2.1", port: 80 },
    destination: { address: "192.0.2.2", port: 443 },
    fields: { alpn: Uint8Array.of(104, 50) },
  });
});

test("a field that cannot be written is a defect of the caller", () => {
  const ends = { source: { address: "192.0.2.1", port: 1 }, destination: { address: "192.0.2.2", port: 2 } };
  assert.throws(() => writeProxyHeader({ version: 2, ends, fields: { uniqueId: new Uint8Array(129) } }), RangeError);
  assert.throws(() => writeProxyHeader({ version: 2, ends, fields: { alpn: new Uint8Array(66_000) } }), RangeError);
  const nowhere = { ...ends, source: { address: "unknown", port: 1 } };
  assert.throws(() => writeProxyHeader({ version: 1, ends: nowhere }), RangeError);
});
