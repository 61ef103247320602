/**
 * From a Secret of type kubernetes.io/tls to a certificate chain with its key, or to what is wrong with it in words. Checked here
 * so that a faulty Secret is a condition on its user and never a failed handshake. It says nothing of expiry: there is no clock here.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { objectKey, type Secret } from "../../gateway-api/objects.ts";
import type { CertificateResource } from "../../model/proxy-config.ts";
import { readCertificates } from "./pem.ts";

/** Maximum number of certificates in a chain: OpenSSL's own limit on the depth of a chain that it verifies. */
const MAX_CHAIN = 100;

export type KeyPair = { readonly certificate: CertificateResource } | { readonly problem: string };

export function readKeyPair(secret: Secret): KeyPair {
  const name = objectKey(secret);
  const { data: { "tls.crt": certificate, "tls.key": key } = {} } = secret;
  if (certificate === undefined) return { problem: `Secret ${name} has no tls.crt` };
  if (key === undefined) return { problem: `Secret ${name} has no tls.key` };
  const chain = readCertificates(decode(certificate), MAX_CHAIN);
  if (chain === "unreadable") return { problem: `tls.crt of Secret ${name} is not a certificate chain in PEM` };
  if (chain === "too many") return { problem: `tls.crt of Secret ${name} has more than ${MAX_CHAIN} certificates` };
  const pem = decode(key);
  const privateKey = readPrivateKey(pem);
  if (privateKey === undefined) {
    return { problem: `tls.key of Secret ${name} is not a private key in PEM without a passphrase` };
  }
  if (!chain.first.checkPrivateKey(privateKey)) {
    return { problem: `tls.key of Secret ${name} does not belong to the first certificate of its tls.crt` };
  }
  return { certificate: { kind: "certificate", name, certificate: chain.pem, privateKey: pem } };
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function readPrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
