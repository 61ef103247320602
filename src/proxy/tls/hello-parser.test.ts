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
} from "../../../test/wire/hello-bytes.ts";
import { alpnOf } from "./alpn.ts";
import type { HelloProgress } from "./client-hello.ts";
import { ClientHelloParser, DEFAULT_MAX_HELLO_BYTES, MAX_FRAMED_HELLO_BYTES, readHello } from "./hello-parser.ts";

const parse = (...chunks: Uint8Array[]): HelloProgress => {
  const all = Buffer.concat(chunks);
  const parser = new ClientHelloParser();
  let progress: HelloProgress = { state: "need_more" };
  let length = 0;
  for (const chunk of chunks) {
    length += chunk.length;
    progress = parser.read(all, length);
    if (progress.state !== "need_more") break;
  }
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
  let all = Buffer.alloc(0);
  for await (const chunk of socket) {
    all = Buffer.concat([all, chunk]);
    if (readHello(all, all.length).state !== "need_more") break;
  }
  client.destroy();
  server.close();
  return all;
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

test("a hello is answered before the record around it is complete", () => {
  const message = helloMessage({ extensions: [serverName("a.example")] });
  const whole = record(bytes(message, handshake(24, bytes("later"))));
  assert.equal(nameOf(parse(whole.subarray(0, 5 + message.length))), "a.example");
});

const good = serverName("a.example");

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
  assert.equal(reasonOf(records(padded(room), 3)), "client_hello_too_large");
  assert.equal(reasonOf(record(padded(room + 1))), "client_hello_too_large");
});

test("the limit on the hello with its record headers is exact, and a client that does not end is refused at it", () => {
  const sized = (length: number) => {
    const plain = helloMessage({ extensions: [good, extension(21, Buffer.alloc(0))] });
    return helloMessage({ extensions: [good, extension(21, Buffer.alloc(length - plain.length))] });
  };
  assert.equal(MAX_FRAMED_HELLO_BYTES, 24_576);
  // Each byte of the hello takes six: 4,096 of them are the limit.
  const largest = records(sized(4_096), 1);
  assert.equal(largest.length, MAX_FRAMED_HELLO_BYTES);
  assert.equal(nameOf(parse(...singleBytes(largest))), "a.example");
  assert.equal(nameOf(parse(bytes(largest, "early data"))), "a.example");
  const tooLarge = records(sized(4_097), 1);
  assert.equal(parse(tooLarge.subarray(0, MAX_FRAMED_HELLO_BYTES - 1)).state, "need_more");
  const refusal = parse(tooLarge.subarray(0, MAX_FRAMED_HELLO_BYTES));
  assert.deepEqual(refusal, {
    state: "refused",
    reason: "client_hello_too_large",
    detail: "the ClientHello exceeds the limit with its record headers",
  });
  assert.deepEqual(parse(...singleBytes(tooLarge)), refusal);
  assert.deepEqual(parse(tooLarge), refusal);
});

test("a limit of 64 KiB may be set, which takes more than one record", () => {
  const limit = 65_536;
  const plain = helloMessage({ extensions: [good, extension(21, Buffer.alloc(0)), extension(35, Buffer.alloc(0))] });
  const room = limit - plain.length;
  const sized = (extra: number) =>
    helloMessage({
      extensions: [good, extension(21, Buffer.alloc(40_000)), extension(35, Buffer.alloc(room - 40_000 + extra))],
    });
  // The extension block itself holds 65,535 at most.
  const largest = records(sized(-120), 16_384);
  assert.equal(nameOf(readHello(largest, largest.length, limit)), "a.example");
  assert.equal(nameOf(new ClientHelloParser(limit).read(largest, largest.length)), "a.example");
  const tooLarge = bytes(22, 3, 1, 0, 100, 1, 0, 0xff, 0xfd);
  assert.equal(readHello(tooLarge, tooLarge.length, limit).state, "refused");
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

test("only what makes the server name ambiguous or unreadable is refused: all other fields are the backend's", () => {
  const anyBytes = fc.uint8Array({ maxLength: 40 });
  const anyExtension = fc.record({
    type: fc.oneof(fc.integer({ min: 1, max: 51 }), fc.constant(0xfe0d)),
    data: anyBytes,
  });
  fc.assert(
    fc.property(
      fc.record({ sessionId: fc.uint8Array({ maxLength: 255 }), cipherSuites: anyBytes, compressionMethods: anyBytes }),
      fc.array(anyExtension, { maxLength: 6 }),
      fc.nat(12),
      (fields, others, position) => {
        // Each twice.
        const extensions = [...others, ...others].map(({ type, data }) => extension(type, data));
        extensions.splice(position, 0, good);
        const progress = parse(record(helloMessage({ ...fields, extensions })));
        assert.equal(nameOf(progress), "a.example");
        assert.ok(progress.state === "hello");
        for (const protocol of alpnOf(progress.hello)) assert.notEqual(protocol, "");
      },
    ),
  );
});

test("a second server_name extension is refused wherever it is, the same name too", () => {
  const between = [alpn("h2"), extension(23, bytes())];
  for (const second of [good, serverName("b.example"), serverName(), extension(0, bytes())]) {
    const refusal = {
      state: "refused",
      reason: "malformed_client_hello",
      detail: "the server_name extension occurs twice",
    };
    assert.deepEqual(parse(record(helloMessage({ extensions: [good, ...between, second] }))), refusal);
    assert.deepEqual(parse(record(helloMessage({ extensions: [second, good] }))), refusal);
  }
});

test("the log has the names of a malformed ALPN list up to the first that cannot be read, of two lists the first", () => {
  const protocols = (...extensions: Uint8Array[]) => {
    const progress = parse(record(helloMessage({ extensions: [good, ...extensions] })));
    assert.ok(progress.state === "hello", JSON.stringify(progress));
    return alpnOf(progress.hello);
  };
  assert.deepEqual(protocols(alpn("h2", "", "http/1.1")), ["h2"]);
  assert.deepEqual(protocols(alpn("h2"), alpn("http/1.1")), ["h2"]);
  assert.deepEqual(protocols(extension(16, bytes(0, 7, 2, "h2", 9, "abc"))), ["h2"]);
  assert.deepEqual(protocols(extension(16, bytes(0, 99, 2, "h2"))), []);
  assert.deepEqual(protocols(extension(16, bytes(0))), []);
});

test("records without content do not change the name, and are bounded", () => {
  const message = helloMessage({ extensions: [good] });
  const empty = record(bytes());
  const framed = bytes(
    empty,
    record(message.subarray(0, 2)),
    empty,
    empty,
    record(message.subarray(2, 60)),
    empty,
    record(message.subarray(60)),
  );
  assert.equal(nameOf(parse(framed)), "a.example");
  assert.equal(nameOf(parse(...singleBytes(framed))), "a.example");
  const endless = Buffer.concat(Array.from({ length: 6_000 }, () => empty));
  assert.equal(reasonOf(endless), "client_hello_too_large");
  assert.equal(parse(endless.subarray(0, MAX_FRAMED_HELLO_BYTES - 1)).state, "need_more");
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
  const endless = Buffer.concat(Array.from({ length: 10_000 }, () => record(bytes(1, 0, 0x3f, 0xff))));
  const parser = new ClientHelloParser();
  let length = 0;
  while (parser.read(endless, length).state === "need_more" && length < endless.length) length += 9;
  assert.ok(length <= MAX_FRAMED_HELLO_BYTES + 9, `refused after ${length} bytes`);
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

test("nothing of one hello is left in the next", () => {
  const bare = record(helloMessage());
  const first = readHello(bare, bare.length);
  readHello(helloFor("a.example"), helloFor("a.example").length);
  assert.deepEqual(readHello(bare, bare.length), first);
});

test("the answer does not refer to the bytes, which may be overwritten", () => {
  const buffer = Buffer.from(helloFor("a.example"));
  const answer = readHello(buffer, buffer.length);
  const before = JSON.stringify(answer);
  buffer.fill(0xff);
  assert.equal(JSON.stringify(answer), before);
  assert.equal(nameOf(answer), "a.example");
});

test("a result is final: later calls read nothing and return it", () => {
  const first = helloFor("first.example");
  const parser = new ClientHelloParser();
  const result = parser.read(first, first.length);
  assert.equal(result.state, "hello");
  const second = helloFor("other.example");
  assert.equal(parser.read(second, second.length), result);
});

test("only the bytes read so far count, not what else is in the buffer", () => {
  const hello = helloFor("a.example");
  const buffer = Buffer.concat([hello, helloFor("b.example")]);
  for (let length = 0; length < hello.length; length++) {
    assert.equal(readHello(buffer, length).state, "need_more", `${length} bytes`);
  }
  assert.equal(nameOf(readHello(buffer, hello.length)), "a.example");
});
