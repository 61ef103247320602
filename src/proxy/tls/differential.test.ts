/**
 * The parser against another reader of the same bytes: OpenSSL, as Node's TLS server, whose SNICallback says the name. What
 * would be fatal is a backend that sees another name than the one we route by, or one where we see none.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, test } from "node:test";
import tls from "node:tls";
import fc from "fast-check";
import { certificateFor } from "../../../test/wire/certificate.ts";
import {
  corpusBytes,
  HOSTILE_FOLDER,
  REAL_FOLDER,
  readHostileManifest,
  readManifest,
} from "../../../test/wire/corpus.ts";
import { readHello } from "./hello-parser.ts";

const CONTENT_TYPE_HANDSHAKE = 22;
const CONTENT_TYPE_ALERT = 21;

/** What OpenSSL made of a hello: went on with the handshake, with this name or none, or refused it. */
type Seen = { readonly name: string | undefined } | "refused";

let server: tls.Server;
let port: number;
/** The callback knows no connection: hellos are sent one at a time. */
let asked: string | undefined;

before(async () => {
  const { cert, key } = await certificateFor("a.example");
  // As lenient as it can be, so that it reads as much as possible.
  const ecdhCurve = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:X25519:P-256:P-384:P-521";
  const lenient = { cert, key, ciphers: "ALL:@SECLEVEL=0", minVersion: "TLSv1", ecdhCurve } as const;
  const context = tls.createSecureContext(lenient);
  server = tls.createServer({
    ...lenient,
    SNICallback: (name, done) => {
      asked = name;
      done(null, context);
    },
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as net.AddressInfo).port;
});
after(() => server.close());

/** Sends first bytes and half-closes, so that a server that waits for more need not be waited for. */
async function openSsl(bytes: Uint8Array): Promise<Seen> {
  asked = undefined;
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.end(bytes);
  const answer: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => {
    answer.push(chunk);
    socket.destroy();
  });
  await once(socket, "close", { signal: AbortSignal.timeout(10_000) });
  const type = Buffer.concat(answer)[0];
  if (type === CONTENT_TYPE_HANDSHAKE) return { name: asked };
  if (type === undefined || type === CONTENT_TYPE_ALERT) return asked === undefined ? "refused" : { name: asked };
  throw new Error(`an answer of content type ${type}`);
}

/** As we write names: the callback gives them as they were sent. */
const normalised = (name: string | undefined) => name?.toLowerCase().replace(/\.$/, "");

/** Answers whether both have read a hello. Refusing what the other takes is no fault, another name is. */
async function assertNoOtherName(bytes: Buffer, what: string): Promise<boolean> {
  const ours = readHello(bytes, bytes.length);
  const theirs = await openSsl(bytes);
  if (ours.state !== "hello" || theirs === "refused") return false;
  assert.equal(normalised(theirs.name), ours.hello.serverName, `${what}: ${bytes.toString("hex", 0, 400)}`);
  return true;
}

test("OpenSSL sees the same name in every real hello", async () => {
  for (const { file, expected } of readManifest()) {
    const theirs = await openSsl(corpusBytes(REAL_FOLDER, file));
    // It knows no hello that answers a HelloRetryRequest it never sent, nor a ticket of another server: it goes on without.
    assert.notEqual(theirs, "refused", file);
    if (theirs !== "refused") assert.equal(normalised(theirs.name), expected.serverName, file);
  }
});

test("in a hostile hello that both take OpenSSL sees no other name", async () => {
  let both = 0;
  for (const { file, what } of readHostileManifest()) {
    if (await assertNoOtherName(corpusBytes(HOSTILE_FOLDER, file), what)) both++;
  }
  assert.ok(both >= 20, `${both} hellos were read by both`);
});

test("in a real hello with some bytes changed OpenSSL sees no other name", async () => {
  const hellos = readManifest()
    .map(({ file }) => corpusBytes(REAL_FOLDER, file))
    .filter(({ length }) => length < 700);
  let both = 0;
  const change = fc.record({ at: fc.nat(700), to: fc.integer({ min: 0, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...hellos),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (hello, changes) => {
        const bytes = Buffer.from(hello);
        // Behind the random and the session id, where lengths and names are.
        for (const { at, to } of changes) bytes[44 + (at % (bytes.length - 44))] = to;
        if (await assertNoOtherName(bytes, "changed")) both++;
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(both >= 40, `${both} hellos were read by both`);
});
