import assert from "node:assert/strict";
import { test } from "node:test";
import { readManifest } from "../../../test/wire/corpus.ts";
import {
  alpn,
  bytes,
  extension,
  helloMessage,
  record,
  serverName,
  uint16,
  vector8,
  vector16,
} from "../../../test/wire/hello-bytes.ts";
import { readHello } from "./hello-parser.ts";
import { ja4Of } from "./ja4.ts";

const list = (hex: string) => bytes(...hex.split(",").map((value) => Buffer.from(value, "hex")));

function ja4(fields: Parameters<typeof helloMessage>[0]): string | undefined {
  const hello = record(helloMessage(fields));
  const answer = readHello(hello, hello.length);
  assert.ok(answer.state === "hello", JSON.stringify(answer));
  return ja4Of(answer.hello);
}

const good = serverName("a.example");
const supportedVersions = (...versions: number[]) => extension(43, vector8(bytes(...versions.map(uint16))));

test("the example of the specification", () => {
  const signatures = list("0403,0804,0401,0503,0805,0501,0806,0601");
  const known: Record<string, Buffer> = {
    "0000": good,
    "0010": alpn("h2", "http/1.1"),
    "002b": supportedVersions(0x7a7a, 0x0304, 0x0303),
    "000d": extension(13, vector16(signatures)),
  };
  const order = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015".split(",");
  const extensions = order.map((type) => known[type] ?? extension(Number.parseInt(type, 16), bytes()));
  const cipherSuites = list("1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035");
  const grease = (suites: Buffer) => bytes(0xda, 0xda, suites);
  assert.equal(
    ja4({
      cipherSuites: grease(cipherSuites),
      extensions: [extension(0x3a3a, bytes()), ...extensions, extension(0xfafa, bytes(0))],
    }),
    "t13d1516h2_8daaf6152771_e5627efa2ab1",
  );
  // The same without signature algorithms, whose hash the specification has too.
  const without = extensions.map((data, index) => (order[index] === "000d" ? extension(13, bytes()) : data));
  assert.equal(ja4({ cipherSuites, extensions: without }), "t13d1516h2_8daaf6152771_6d807ffa2a79");
});

test("the fingerprints that others have published for these clients", () => {
  const published: Record<string, string> = {
    "curl-http2.hex": "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6",
    "curl-address.hex": "t13i3111h2_e8f1e7e78f70_b26ce05bbdd6",
    "go-alpn.hex": "t13d1312h2_f57a46bbacb6_ab7e3b40a677",
    "go-no-name.hex": "t13i131000_f57a46bbacb6_ab7e3b40a677",
    "python-no-name.hex": "t13i181000_85036bcba153_d41ae481755e",
    "node-default.hex": "t13d521100_b262b3658495_8e6e362c5eac",
    "firefox-default.hex": "t13d1617h2_86a278354501_3cbfd9057e0d",
  };
  const ours = Object.fromEntries(readManifest().map(({ file, ja4: value }) => [file, value]));
  for (const [file, value] of Object.entries(published)) assert.equal(ours[file], value, file);
  assert.equal(ours["chromium-default.hex"]?.split("_")[1], "8daaf6152771");
});

test("the readable part", () => {
  const readable = (fields: Parameters<typeof helloMessage>[0]) => ja4(fields)?.split("_")[0];
  assert.equal(readable({ version: 0x0301 }), "t10i020000");
  assert.equal(readable({ version: 0x0300, extensions: [] }), "ts3i020000");
  assert.equal(readable({ extensions: [supportedVersions(0x0a0a, 0x7f1c)] }), "t00i020100", "an unknown version");
  assert.equal(readable({ extensions: [good, extension(0x1a1a, bytes()), extension(0x1a2a, bytes())] }), "t12d020200");
  const many = Buffer.alloc(240).map((_, index) => index);
  assert.equal(readable({ cipherSuites: many }), "t12i990000", "120 cipher suites");
  assert.equal(ja4({ cipherSuites: list("0a0a,fafa") }), "t12i000000_000000000000_000000000000");
  // ALPN, with the specification's own examples for bytes that are no letters.
  for (const [protocol, mark] of Object.entries({
    h2: "h2",
    "http/1.1": "h1",
    x: "xx",
    "\xab": "ab",
    "\xab\xcd": "ad",
    "0\xab": "3b",
    "01\xab\xcd": "3d",
    "0\xab\xcd1": "01",
    "h\n2": "h2",
  })) {
    assert.equal(readable({ extensions: [alpn(protocol, "other")] }), `t12i0201${mark}`, protocol);
  }
});

test("of a hello that offers more than is kept there is no fingerprint", () => {
  const cipherSuites = (count: number) => Buffer.alloc(2 * count, 1);
  assert.ok(ja4({ cipherSuites: cipherSuites(900), extensions: [good] }));
  assert.equal(ja4({ cipherSuites: cipherSuites(1_100), extensions: [good] }), undefined);
  const extensions = (count: number) => Array.from({ length: count }, (_, index) => extension(1_000 + index, bytes()));
  assert.match(ja4({ extensions: extensions(200) }) ?? "", /^t12i029900_/);
  assert.equal(ja4({ extensions: extensions(300) }), undefined);
});
