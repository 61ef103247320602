import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import {
  corpusBytes,
  HOSTILE_FOLDER,
  REAL_FOLDER,
  readHostileManifest,
  readManifest,
  type Verdict,
} from "../../../test/wire/corpus.ts";
import { records } from "../../../test/wire/hello-bytes.ts";
import { alpnOf } from "./alpn.ts";
import type { HelloProgress } from "./client-hello.ts";
import { ClientHelloParser, MAX_FRAMED_HELLO_BYTES, readHello } from "./hello-parser.ts";
import { ja4Of } from "./ja4.ts";

/** Up to this length an input is split at every offset, a longer one at as many as `SPLITS`. */
const SHORT_BYTES = 700;
const SPLITS = 60;

function pushed(...chunks: readonly Uint8Array[]): HelloProgress {
  const all = Buffer.concat(chunks);
  const parser = new ClientHelloParser();
  let length = 0;
  let answer = parser.read(all, length);
  for (const chunk of chunks) {
    length += chunk.length;
    answer = parser.read(all, length);
  }
  return answer;
}

/** Every way in which the bytes may come gives the one answer. */
function answerOf(bytes: Buffer): HelloProgress {
  const whole = readHello(bytes, bytes.length);
  assert.deepEqual(pushed(bytes), whole, "in one chunk");
  assert.deepEqual(pushed(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole, "byte by byte");
  const step = bytes.length <= SHORT_BYTES ? 1 : Math.ceil(bytes.length / SPLITS);
  for (let at = 0; at <= bytes.length; at += step) {
    assert.deepEqual(pushed(bytes.subarray(0, at), bytes.subarray(at)), whole, `split at ${at}`);
    const start = readHello(bytes, at);
    if (start.state !== "need_more") assert.deepEqual(start, whole, `the first ${at} bytes`);
  }
  return whole;
}

/** The same message in records of one byte; the input is one record. */
function inSmallRecords(bytes: Buffer): Buffer {
  return records(bytes.subarray(5), 1);
}

const TOO_LARGE: Verdict = {
  state: "refused",
  reason: "client_hello_too_large",
  detail: "the ClientHello exceeds the limit with its record headers",
};

const real = readManifest();
const hostile = readHostileManifest();

test("the corpus is whole", () => {
  const files = (folder: string) => readdirSync(folder).filter((file) => file.endsWith(".hex"));
  assert.deepEqual(files(REAL_FOLDER).sort(), real.map(({ file }) => file).sort());
  assert.deepEqual(files(HOSTILE_FOLDER).sort(), hostile.map(({ file }) => file).sort());
  const clients = new Set(real.map(({ client }) => client));
  for (const client of ["openssl", "curl", "go", "python", "java", "gnutls", "chromium", "firefox", "node"]) {
    assert.ok(clients.has(client), client);
  }
});

for (const { file, expected, ja4 } of real) {
  test(`real: ${file}`, () => {
    const bytes = corpusBytes(REAL_FOLDER, file);
    const answer = answerOf(bytes);
    assert.ok(answer.state === "hello", JSON.stringify(answer));
    const { hello } = answer;
    assert.deepEqual(
      [hello.serverName, alpnOf(hello), hello.encryptedClientHello, hello.postQuantum, ja4Of(hello)],
      [
        expected.serverName,
        expected.alpn ?? [],
        expected.encryptedClientHello === true,
        expected.postQuantum === true,
        ja4,
      ],
    );
    for (const length of [0, 1, 5, 9, bytes.length - 1]) {
      assert.equal(readHello(bytes, length).state, "need_more", `the first ${length} bytes`);
    }
    assert.deepEqual(answerOf(inSmallRecords(bytes)), answer, "in records of one byte");
  });
}

for (const { file, what, verdict, framing } of hostile) {
  test(`hostile: ${what}`, () => {
    const bytes = corpusBytes(HOSTILE_FOLDER, file);
    assert.deepEqual(verdictOf(answerOf(bytes)), verdict);
    if (framing) return;
    const small = inSmallRecords(bytes);
    // Records of one byte take a hello of more than 4 KiB over the limit on the hello with its record headers.
    const expected = small.length <= MAX_FRAMED_HELLO_BYTES ? verdict : TOO_LARGE;
    assert.deepEqual(verdictOf(answerOf(small)), expected, "in records of one byte");
  });
}

function verdictOf(answer: HelloProgress): Verdict {
  if (answer.state !== "hello") return answer;
  const { serverName } = answer.hello;
  return serverName === undefined ? { state: "hello" } : { state: "hello", serverName };
}
