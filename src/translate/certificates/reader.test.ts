import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigMap, Secret } from "../../gateway-api/objects.ts";
import { CertificateReader } from "./reader.ts";

/** A certificate as far as its frame goes. */
const BLOCK = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

function secret(chain: string): Secret {
  const data = { "tls.crt": Buffer.from(chain).toString("base64"), "tls.key": "" };
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "cert", namespace: "shop" }, data };
}

function bundle(text: string): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ca", namespace: "shop" }, data: { "ca.crt": text } };
}

test("an object is read once, and another version of it again", () => {
  const reader = new CertificateReader();
  const [object, next] = [secret(BLOCK), secret(BLOCK)];
  assert.equal(reader.keyPair(object), reader.keyPair(object));
  assert.notEqual(reader.keyPair(object), reader.keyPair(next));
  const [authorities, others] = [bundle(BLOCK), bundle(BLOCK)];
  assert.equal(reader.authorities(authorities), reader.authorities(authorities));
  assert.notEqual(reader.authorities(authorities), reader.authorities(others));
});

test("a chain has at most 100 certificates, and a bundle 1,000: beyond that none of them is parsed", () => {
  const reader = new CertificateReader();
  const chain = (count: number) => reader.keyPair(secret(BLOCK.repeat(count)));
  assert.deepEqual(chain(100), { problem: "tls.crt of Secret shop/cert is not a certificate chain in PEM" });
  assert.deepEqual(chain(101), { problem: "tls.crt of Secret shop/cert has more than 100 certificates" });
  const authorities = (count: number) => reader.authorities(bundle(BLOCK.repeat(count)));
  assert.deepEqual(authorities(1_000), { problem: "ConfigMap shop/ca has no ca.crt with certificates in PEM" });
  assert.deepEqual(authorities(1_001), { problem: "ca.crt of ConfigMap shop/ca has more than 1,000 certificates" });
});
