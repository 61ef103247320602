/** The ClientHello parser: whatever comes, in whatever pieces, the answer is one, is legal, and is never a wrong name. */
import assert from "node:assert/strict";
import { isDnsName } from "../../src/proxy/dns-name.ts";
import { alpnOf } from "../../src/proxy/tls/alpn.ts";
import type { HelloProgress } from "../../src/proxy/tls/client-hello.ts";
import {
  ClientHelloParser,
  DEFAULT_MAX_HELLO_BYTES,
  MAX_FRAMED_HELLO_BYTES,
  readHello,
} from "../../src/proxy/tls/hello-parser.ts";
import { HelloReassembly } from "../../src/proxy/tls/hello-reassembly.ts";
import { HELLO_REFUSALS, refused } from "../../src/proxy/tls/hello-refusal.ts";
import { ja4Of } from "../../src/proxy/tls/ja4.ts";
import { corpusBytes, HOSTILE_FOLDER, REAL_FOLDER, readHostileManifest, readManifest } from "../wire/corpus.ts";
import {
  alpn,
  bytes,
  extension,
  helloFor,
  helloMessage,
  record,
  records,
  serverName,
  uint16,
} from "../wire/hello-bytes.ts";
import { changeHello } from "./change-hello.ts";
import { readHelloFields } from "./hello-fields.ts";
import type { Random } from "./random.ts";
import type { FuzzTarget } from "./target.ts";

const other = helloFor("other.example");

export const helloTarget: FuzzTarget = {
  name: "client-hello",
  seeds: () => [
    ...readManifest().map(({ file }) => corpusBytes(REAL_FOLDER, file)),
    ...readHostileManifest().map(({ file }) => corpusBytes(HOSTILE_FOLDER, file)),
  ],
  dictionary: [
    bytes(22, 3, 1),
    serverName("b.example"),
    alpn("h2"),
    extension(51, bytes(0, 6, 0x11, 0xec, 0, 2, 1, 2)),
    extension(43, bytes(4, 3, 4, 3, 3)),
    extension(13, bytes(0, 2, 4, 3)),
    extension(0xfe0d, bytes(0)),
    uint16(0x0a0a),
    uint16(16_640),
    bytes(0, 0x3f, 0xfc),
    bytes("PROXY "),
    bytes("\r\n\r\n\0\r\nQUIT\n"),
    bytes("GET "),
    bytes("CONNECT "),
    bytes("SSH-"),
    bytes(0x80, 0x2e, 1, 3),
    bytes(0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f),
    bytes(".example"),
    bytes("\0"),
    bytes("\r\n"),
  ],
  restructure: changeHello,
  check: (input, random) => {
    const whole = readHello(input, input.length);
    assertLegal(whole, input);
    assertSame(new HelloReassembly(DEFAULT_MAX_HELLO_BYTES).read(input, input.length), whole, "put together");
    assertPieces(input, whole, random);
    assertOnlyTheNameCounts(input, whole);
    const prefix = readHello(input, random.below(input.length + 1));
    if (prefix.state !== "need_more") assertSame(prefix, whole, "a prefix");
    if (random.once(4)) assertRecords(input, whole, random);
    if (random.once(4)) {
      readHello(other, other.length);
      assertSame(readHello(input, input.length), whole, "after another hello");
    }
    if (whole.state === "hello" && random.once(4)) {
      for (const protocol of alpnOf(whole.hello)) assert.match(protocol, /^[\x21-\x7e]+$/);
      assert.match(ja4Of(whole.hello) ?? "", /^(t(1[0-3]|s3|00)[di]\d{4}[0-9a-zA-Z]{2}_[0-9a-f]{12}_[0-9a-f]{12})?$/);
    }
  },
};

function assertLegal(answer: HelloProgress, input: Uint8Array): void {
  if (answer.state === "refused") assert.ok(HELLO_REFUSALS.includes(answer), "a refusal that is none of ours");
  if (answer.state !== "hello" || answer.hello.serverName === undefined) return;
  const { serverName: name } = answer.hello;
  assert.ok(isDnsName(name), `an illegal name: ${JSON.stringify(name)}`);
  const content = Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("latin1").toLowerCase();
  if (isOneRecord(input)) assert.ok(content.includes(name), `a name that was not sent: ${name}`);
}

function assertPieces(input: Uint8Array, whole: HelloProgress, random: Random): void {
  const parser = new ClientHelloParser();
  const largest = pieceSize(input, random) + random.below(random.once(8) ? 4 : 600);
  let answer = parser.read(input, 0);
  for (let length = 0; length < input.length; ) {
    length = Math.min(length + 1 + random.below(largest), input.length);
    answer = parser.read(input, length);
    if (answer.state !== "need_more") assertSame(answer, whole, `the first ${length} bytes in pieces`);
    else assert.ok(length < MAX_FRAMED_HELLO_BYTES, `${length} bytes are held`);
  }
  assertSame(answer, whole, "in pieces");
}

/** A hello whose lengths fit gives the result of a plain hello with the same server_name extensions and nothing else. */
function assertOnlyTheNameCounts(input: Uint8Array, whole: HelloProgress): void {
  if (!isOneRecord(input)) return;
  const message = input.subarray(0, 9 + (((input[6] ?? 0) << 16) | ((input[7] ?? 0) << 8) | (input[8] ?? 0)));
  if (input[5] !== 1 || message.length - 5 > DEFAULT_MAX_HELLO_BYTES) return;
  const fields = readHelloFields(message);
  if (fields === undefined || !fields.isExact || fields.version >> 8 !== 3) return;
  const names = fields.extensions.filter(({ type }) => type === 0).map(({ data }) => extension(0, data));
  const plain = record(helloMessage({ extensions: names }));
  const expected = readHello(plain, plain.length);
  if (expected.state !== "hello" || whole.state !== "hello") assertSame(whole, expected, "with other fields");
  else assert.equal(whole.hello.serverName, expected.hello.serverName, "with other fields");
}

/** One byte, but seldom for a long input, which would take its time. */
function pieceSize(input: Uint8Array, random: Random): number {
  return random.once(100) ? 1 : 1 + (input.length >> 7);
}

/** The same message in other records, with the same bytes behind them. */
function assertRecords(input: Uint8Array, whole: HelloProgress, random: Random): void {
  if (!isOneRecord(input)) return;
  const end = 5 + (((input[3] ?? 0) << 8) | (input[4] ?? 0));
  const size = pieceSize(input, random) + random.below(200);
  const framed = Buffer.concat([records(input.subarray(5, end), size), input.subarray(end)]);
  const answer = readHello(framed, framed.length);
  const messageLength = 4 + (((input[6] ?? 0) << 16) | ((input[7] ?? 0) << 8) | (input[8] ?? 0));
  const framedLength = messageLength + 5 * Math.ceil(messageLength / size);
  if (whole.state === "hello" && framedLength > MAX_FRAMED_HELLO_BYTES) {
    assertSame(answer, refused("the ClientHello exceeds the limit with its record headers"), "in too many records");
  } else if (framedLength <= MAX_FRAMED_HELLO_BYTES) assertSame(answer, whole, "in other records");
}

/** Is the message whole in the first record, and that legal and whole itself? */
function isOneRecord(input: Uint8Array): boolean {
  if (input.length < 9 || input[0] !== 22 || input[1] !== 3) return false;
  const recordLength = ((input[3] ?? 0) << 8) | (input[4] ?? 0);
  const messageLength = 4 + (((input[6] ?? 0) << 16) | ((input[7] ?? 0) << 8) | (input[8] ?? 0));
  return recordLength <= 16_640 && messageLength <= recordLength && 5 + recordLength <= input.length;
}

function assertSame(answer: HelloProgress, expected: HelloProgress, how: string): void {
  // Refusals and `need_more` exist once.
  if (answer === expected) return;
  if (answer.state !== "hello" || expected.state !== "hello") assert.deepEqual(answer, expected, how);
  else {
    const [a, b] = [answer.hello, expected.hello];
    const isSame =
      a.serverName === b.serverName &&
      a.offer === b.offer &&
      a.encryptedClientHello === b.encryptedClientHello &&
      a.postQuantum === b.postQuantum;
    assert.ok(isSame, `${how}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`);
  }
}
