import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import fc from "fast-check";
import {
  alpn,
  bytes,
  extension,
  handshake,
  helloFor,
  helloMessage,
  record,
  records,
  serverName,
  uint16,
  uint24,
  vector16,
} from "../../../test/wire/hello-bytes.ts";
import { alpnOf } from "./alpn.ts";
import type { HelloProgress } from "./client-hello.ts";
import { ClientHelloParser, DEFAULT_MAX_HELLO_BYTES } from "./hello-parser.ts";

const parse = (...chunks: Uint8Array[]): HelloProgress => {
  const parser = new ClientHelloParser();
  let progress: HelloProgress = { state: "need_more" };
  for (const chunk of chunks) progress = parser.push(chunk);
  return progress;
};

const nameOf = (progress: HelloProgress): string | undefined => {
  assert.equal(progress.state, "hello", JSON.stringify(progress));
  return progress.state === "hello" ? progress.hello.serverName : undefined;
};

const reasonOf = (...chunks: Uint8Array[]): string => {
  const progress = parse(...chunks);
  return progress.state === "refused" ? progress.reason : progress.state;
};

const singleBytes = (all: Uint8Array): Uint8Array[] => Array.from(all, (byte) => Uint8Array.of(byte));

/** The first bytes that a real client writes. */
async function realHello(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  client.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [net.Socket];
  const parser = new ClientHelloParser();
  const parts: Buffer[] = [];
  for await (const chunk of socket) {
    parts.push(chunk);
    if (parser.push(chunk).state !== "need_more") break;
  }
  client.destroy();
  server.close();
  return Buffer.concat(parts);
}

test("reads a real TLS 1.3 hello with a post-quantum key share", async () => {
  const hello = await realHello({
    servername: "Abc.Example.COM",
    ALPNProtocols: ["h2", "http/1.1"],
    ecdhCurve: "X25519MLKEM768:X25519",
  });
  assert.ok(hello.length > 1300, `a hybrid key share makes it long: ${hello.length}`);
  const progress = parse(hello);
  assert.ok(progress.state === "hello");
  const { offer, ...known } = progress.hello;
  assert.deepEqual(known, { serverName: "abc.example.com", encryptedClientHello: false, postQuantum: true });
  assert.deepEqual(alpnOf(progress.hello), ["h2", "http/1.1"]);
  assert.equal(nameOf(parse(...singleBytes(hello))), "abc.example.com");
});

test("reads a real TLS 1.2 hello, and one without a name", async () => {
  assert.equal(nameOf(parse(await realHello({ servername: "old.example", maxVersion: "TLSv1.2" }))), "old.example");
  assert.equal(nameOf(parse(await realHello({ servername: "" }))), undefined);
});

test("splits at every offset give the same answer", () => {
  const hello = helloFor("a.example.com");
  for (let at = 0; at <= hello.length; at++) {
    assert.equal(nameOf(parse(hello.subarray(0, at), hello.subarray(at))), "a.example.com", `split at ${at}`);
  }
});

test("records of one byte, in single writes and byte by byte", () => {
  const fragmented = records(helloMessage({ extensions: [serverName("a.example.com")] }), 1);
  assert.equal(nameOf(parse(fragmented)), "a.example.com");
  assert.equal(nameOf(parse(...singleBytes(fragmented))), "a.example.com");
});

test("bytes behind the hello are not looked at", () => {
  const message = helloMessage({ extensions: [serverName("a.example")] });
  assert.equal(nameOf(parse(bytes(record(message), record(bytes(1, 2), 23)))), "a.example");
  assert.equal(nameOf(parse(bytes(record(message), "garbage"))), "a.example");
  assert.equal(nameOf(parse(record(bytes(message, handshake(24, bytes("later")))))), "a.example");
});

test("a hello is answered before the record around it is complete", () => {
  const message = helloMessage({ extensions: [serverName("a.example")] });
  const whole = record(bytes(message, handshake(24, bytes("later"))));
  assert.equal(nameOf(parse(whole.subarray(0, 5 + message.length))), "a.example");
});

const framing: Record<string, [Uint8Array, string]> = {
  HTTP: [bytes("GET / HTTP/1.1\r\n"), "not_tls"],
  SSH: [bytes("SSH-2.0-OpenSSH_9.2\r\n"), "not_tls"],
  "SSLv2 hello": [bytes(0x80, 0x2e, 1, 3, 1), "not_tls"],
  "PostgreSQL SSLRequest": [bytes(0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f), "not_tls"],
  "PROXY protocol v1": [bytes("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), "unexpected_proxy_header"],
  "an alert first": [record(bytes(2, 40), 21), "not_tls"],
  "a record of major version 2": [bytes(22, 2, 0), "not_tls"],
  "an empty handshake record": [record(bytes()), "malformed_client_hello"],
  "an empty record between fragments": [bytes(record(bytes(1, 0)), record(bytes())), "malformed_client_hello"],
  "an alert between fragments": [bytes(record(bytes(1, 0)), record(bytes(2, 40), 21)), "malformed_client_hello"],
  "application data between fragments": [bytes(record(bytes(1, 0)), bytes(23)), "malformed_client_hello"],
  "a record of 0xffff, at its header": [bytes(22, 3, 1, 0xff, 0xff), "malformed_client_hello"],
  "a record of 16,641, at its header": [bytes(22, 3, 1, uint16(16_641)), "malformed_client_hello"],
  "a ServerHello first, at its type": [bytes(22, 3, 1, uint16(100), 2), "malformed_client_hello"],
  "2^24-1 bytes announced, at the header": [
    bytes(22, 3, 1, uint16(100), 1, uint24(0xffffff)),
    "client_hello_too_large",
  ],
  "one byte over the limit": [
    bytes(22, 3, 1, uint16(100), 1, uint24(DEFAULT_MAX_HELLO_BYTES - 3)),
    "client_hello_too_large",
  ],
  "at the limit, more to come": [bytes(22, 3, 1, uint16(100), 1, uint24(DEFAULT_MAX_HELLO_BYTES - 4)), "need_more"],
  "an empty message": [record(handshake(1, bytes())), "malformed_client_hello"],
  nothing: [bytes(), "need_more"],
};

for (const [name, [input, reason]] of Object.entries(framing)) {
  test(`framing: ${name} → ${reason}`, () => {
    assert.equal(reasonOf(input), reason);
    assert.equal(reasonOf(...singleBytes(input)), reason, "byte by byte");
  });
}

const good = serverName("a.example");
const body: Record<string, [Parameters<typeof helloMessage>[0], string]> = {
  "no extension block": [{}, "hello"],
  "an empty extension block": [{ extensions: [] }, "hello"],
  "version 0300": [{ version: 0x0300, extensions: [good] }, "hello"],
  "version 0305": [{ version: 0x0305, extensions: [good] }, "hello"],
  "major version 2": [{ version: 0x0203, extensions: [good] }, "malformed_client_hello"],
  "an empty session id": [{ sessionId: bytes(), extensions: [good] }, "hello"],
  "a session id of 33": [{ sessionId: Buffer.alloc(33), extensions: [good] }, "malformed_client_hello"],
  "an odd cipher list": [{ cipherSuites: bytes(1, 2, 3), extensions: [good] }, "malformed_client_hello"],
  "an empty cipher list": [{ cipherSuites: bytes(), extensions: [good] }, "malformed_client_hello"],
  "no compression method": [{ compressionMethods: bytes(), extensions: [good] }, "malformed_client_hello"],
  "two server_name extensions": [{ extensions: [good, good] }, "malformed_client_hello"],
  "an extension beyond the block": [{ extensions: [bytes(0, 21, uint16(9), 0)] }, "malformed_client_hello"],
  "half an extension header": [{ extensions: [good, bytes(0, 21, 0)] }, "malformed_client_hello"],
  "a name list beyond its extension": [{ extensions: [extension(0, bytes(0, 99, 0))] }, "malformed_client_hello"],
  "a name list short of its extension": [{ extensions: [extension(0, bytes(0, 0, 0))] }, "malformed_client_hello"],
  "a name beyond its list": [{ extensions: [extension(0, vector16(bytes(0, 0, 9, "a")))] }, "malformed_client_hello"],
  "an empty server_name extension": [{ extensions: [extension(0, bytes())] }, "malformed_client_hello"],
  "an empty name list": [{ extensions: [serverName()] }, "invalid_sni"],
  "two names": [{ extensions: [serverName("a.example", "b.example")] }, "invalid_sni"],
  "a name of another type": [{ extensions: [extension(0, vector16(bytes(1, 0, 1, "a")))] }, "invalid_sni"],
  "GREASE and unknown extensions": [
    { extensions: [extension(0x0a0a, bytes()), extension(0x7777, bytes("x")), good, extension(0xfafa, bytes(0))] },
    "hello",
  ],
  "the name behind a large key share": [{ extensions: [extension(51, Buffer.alloc(2_048)), good] }, "hello"],
  "an empty ALPN name": [{ extensions: [good, alpn("h2", "")] }, "malformed_client_hello"],
  "an empty ALPN list": [{ extensions: [good, alpn()] }, "malformed_client_hello"],
  "an ALPN name beyond its list": [{ extensions: [extension(16, vector16(bytes(9, "h2")))] }, "malformed_client_hello"],
};

for (const [name, [fields, answer]] of Object.entries(body)) {
  test(`body: ${name} → ${answer}`, () => assert.equal(reasonOf(record(helloMessage(fields))), answer));
}

test("body: trailing bytes behind the extension block, or a cut block", () => {
  const message = helloMessage({ extensions: [good] });
  const contents = message.subarray(4);
  assert.equal(reasonOf(record(handshake(1, bytes(contents, 0)))), "malformed_client_hello");
  assert.equal(reasonOf(record(handshake(1, contents.subarray(0, -1)))), "malformed_client_hello");
  for (let length = 0; length < contents.length; length++) {
    const answer = reasonOf(record(handshake(1, contents.subarray(0, length))));
    // A body cut where the extension block would begin is a whole TLS 1.0 hello.
    assert.equal(answer, length === contents.length - 2 - good.length ? "hello" : "malformed_client_hello");
  }
});

test("the limit on the hello is exact", () => {
  const padded = (padding: number) => helloMessage({ extensions: [good, extension(21, Buffer.alloc(padding))] });
  const room = DEFAULT_MAX_HELLO_BYTES - padded(0).length;
  assert.equal(reasonOf(record(padded(room))), "hello");
  assert.equal(reasonOf(records(padded(room), 1)), "hello");
  assert.equal(reasonOf(record(padded(room + 1))), "client_hello_too_large");
});

test("ALPN is bounded and printable, ECH is seen", () => {
  const many = alpn("a b\n\\", ...Array.from({ length: 2_000 }, (_, index) => `p${index}`));
  const progress = parse(record(helloMessage({ extensions: [good, many, extension(0xfe0d, bytes(0, 0))] })));
  assert.equal(progress.state, "hello");
  if (progress.state !== "hello") return;
  assert.equal(alpnOf(progress.hello).length, 16);
  assert.equal(alpnOf(progress.hello)[0], "a\\x20b\\x0a\\x5c");
  assert.equal(progress.hello.encryptedClientHello, true);
});

const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });

/** Cuts at cyclic sizes. */
function cut(input: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let start = 0;
  for (let index = 0; start < input.length; index++) {
    const end = start + (sizes[index % sizes.length] ?? 1);
    chunks.push(input.subarray(start, end));
    start = end;
  }
  return chunks;
}

test("any partition into records and writes gives the same answer", () => {
  fc.assert(
    fc.property(fc.domain(), chunkSizes, chunkSizes, (name, recordSizes, writeSizes) => {
      const message = helloMessage({ extensions: [alpn("h2"), serverName(name)] });
      const whole = parse(record(message));
      const framed = Buffer.concat(cut(message, recordSizes).map((part) => record(part)));
      assert.deepEqual(parse(...cut(framed, writeSizes)), whole);
      assert.equal(nameOf(whole), name.toLowerCase());
    }),
  );
});

test("a prefix is never an answer", () => {
  fc.assert(
    fc.property(fc.domain(), fc.integer({ min: 1, max: 60 }), fc.nat(), (name, size, cutAt) => {
      const framed = records(helloMessage({ extensions: [serverName(name)] }), size);
      assert.equal(parse(framed.subarray(0, cutAt % framed.length)).state, "need_more");
    }),
  );
});

test("any bytes are answered without a throw and within the limit", () => {
  const start = fc.constantFrom(bytes(), bytes(22, 3, 1), helloFor("a.example").subarray(0, 60));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 400 }), chunkSizes, (prefix, noise, sizes) => {
      parse(...cut(bytes(prefix, noise), sizes));
    }),
    { numRuns: 1_000 },
  );
  const endless = new ClientHelloParser();
  let pushed = 0;
  while (endless.push(record(bytes(1, 0, 0x3f, 0xff))).state === "need_more" && pushed < 200_000) pushed += 9;
  assert.ok(pushed < 6 * DEFAULT_MAX_HELLO_BYTES, `refused after ${pushed} bytes`);
});

test("one flipped byte never yields another legal name than the bytes say", () => {
  const message = helloMessage({ extensions: [alpn("h2"), serverName("target.example")] });
  fc.assert(
    fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const mutated = Buffer.from(message);
      mutated[at] = (mutated[at] ?? 0) ^ flip;
      const progress = parse(record(mutated));
      if (progress.state !== "hello" || progress.hello.serverName === undefined) return;
      assert.ok(mutated.toString("latin1").toLowerCase().includes(progress.hello.serverName));
    }),
    { numRuns: 1_000 },
  );
});
