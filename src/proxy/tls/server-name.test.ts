import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, vector16 } from "../../../test/wire/hello-bytes.ts";
import { readServerName } from "./server-name.ts";

const read = (name: string | Uint8Array) => {
  const answer = readServerName(vector16(bytes(0, vector16(bytes(name)))));
  return "state" in answer ? answer.reason : answer.serverName;
};

const label63 = "a".repeat(63);
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;

const legal: Record<string, string> = {
  "a.example.com": "a.example.com",
  "A.ExAmPle.COM": "a.example.com",
  "a.example.com.": "a.example.com",
  localhost: "localhost",
  "xn--bcher-kva.example": "xn--bcher-kva.example",
  "_acme.foo_bar.example": "_acme.foo_bar.example",
  "r1---sn-4g5e.example": "r1---sn-4g5e.example",
  "1.2.3.4.example": "1.2.3.4.example",
  [name253]: name253,
  [`${name253}.`]: name253,
};

for (const [sent, name] of Object.entries(legal)) {
  test(`legal: ${sent.slice(0, 40)}`, () => assert.equal(read(sent), name));
}

const illegal: Record<string, string | Uint8Array> = {
  "an empty name": "",
  "a single dot": ".",
  "two trailing dots": "a.example..",
  "a leading dot": ".a.example",
  "an empty label": "a..example",
  "a label of 64": `${label63}a.example`,
  "254 characters": `${name253}b`,
  "300 characters": "a.".repeat(150),
  NUL: "a\0.example",
  "CR and LF": "a.example\r\ninjected: 1",
  "a space": "a example",
  UTF8: Buffer.from("bücher.example", "utf8"),
  "the Kelvin sign": Buffer.from("\u212a.example", "utf8"),
  "a byte above 127": bytes("a", 0xe9, ".example"),
  "a wildcard": "*.example.com",
  "a star": "*",
  IPv4: "192.0.2.1",
  "a short IPv4": "127.1",
  IPv6: "2001:db8::1",
  "IPv6 in brackets": "[2001:db8::1]",
  "a port": "a.example:443",
  "a leading hyphen": "-a.example",
  "a trailing hyphen": "a-.example",
};

for (const [what, sent] of Object.entries(illegal)) {
  test(`illegal: ${what}`, () => assert.equal(read(sent), "invalid_sni"));
}
