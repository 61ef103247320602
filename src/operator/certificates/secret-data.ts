/**
 * The certificates as data of a Secret, and back. What cannot be read is a value, not an error: a Secret that somebody has
 * emptied or damaged is made anew. `tls.crt`, `tls.key` and `ca.crt` are the names that other tools know.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyedCertificate } from "./issue.ts";
import type { HeldCertificates } from "./schedule.ts";

/** `data` of a Secret: base64 by key. */
export type SecretData = Readonly<Record<string, string>>;

export function toSecretData({ authority, next, trusted, serving }: HeldCertificates): SecretData {
  return {
    "ca.crt": encoded(trusted.join("")),
    "authority.crt": encoded(authority.certificate),
    "authority.key": encoded(authority.key),
    ...(next === undefined ? {} : { "next.crt": encoded(next.certificate), "next.key": encoded(next.key) }),
    "tls.crt": encoded(serving.certificate),
    "tls.key": encoded(serving.key),
  };
}

/** Undefined when something is missing or unreadable. */
export function fromSecretData(data: SecretData): HeldCertificates | undefined {
  const authority = keyedCertificate(data, "authority");
  const serving = keyedCertificate(data, "tls");
  const next = keyedCertificate(data, "next");
  const trusted = certificatesIn(decoded(data["ca.crt"]));
  if (authority === undefined || serving === undefined || trusted === undefined) return undefined;
  return { authority, serving, trusted, ...(next === undefined ? {} : { next }) };
}

function keyedCertificate(data: SecretData, name: string): KeyedCertificate | undefined {
  const [certificate, ...others] = certificatesIn(decoded(data[`${name}.crt`])) ?? [];
  const key = decoded(data[`${name}.key`]);
  return certificate === undefined || others.length > 0 || !isKey(key) ? undefined : { certificate, key };
}

/** Each certificate as PEM with one newline behind it; undefined when one cannot be read. */
function certificatesIn(text: string): string[] | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    return undefined;
  }
  return blocks.map((block) => `${block}\n`);
}

function isKey(text: string): boolean {
  try {
    createPrivateKey(text);
    return true;
  } catch {
    return false;
  }
}

function encoded(text: string): string {
  return Buffer.from(text).toString("base64");
}

function decoded(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString();
}
