import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytes, vector16 } from "../../../test/wire/hello-bytes.ts";
import { isDnsName } from "../dns-name.ts";
import { readServerName } from "./server-name.ts";

const read = (name: string | Uint8Array) => {
  const extension = vector16(bytes(0, vector16(bytes(name))));
  const answer = readServerName(extension, 0, extension.length);
  return typeof answer === "object" ? answer.reason : answer;
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

test("legal is what dns-name.ts says is legal", () => {
  const plain = fc.constantFrom(..."abz09-_.AZ");
  const label = fc.string({ unit: plain, minLength: 1, maxLength: 66 });
  const anyName = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join(".")),
    fc.string({ unit: fc.oneof(plain, fc.integer({ min: 0, max: 255 }).map(String.fromCharCode)), maxLength: 260 }),
    fc.domain(),
  );
  let legalNames = 0;
  fc.assert(
    fc.property(anyName, (sent) => {
      const name = sent.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, "");
      const isLegal = isDnsName(name);
      if (isLegal) legalNames++;
      assert.equal(read(sent), isLegal ? name : "invalid_sni");
    }),
    { numRuns: 3_000 },
  );
  assert.ok(legalNames > 500, `${legalNames} of the names were legal`);
});
