/** Certificates in PEM text (RFC 7468). Pure: what is read is bytes that somebody else fetched. */
import { X509Certificate } from "node:crypto";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a text in their order, and the text of those alone: whatever stands between them is left out. */
export interface PemCertificates {
  readonly pem: string;
  readonly first: X509Certificate;
}

/** "unreadable": no certificate, or one that cannot be read, because half a chain would fail in the handshake, far from here. */
export function readCertificates(text: string, most: number): PemCertificates | "unreadable" | "too many" {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length > most) return "too many";
  const certificates = blocks.map(parse);
  const [first] = certificates;
  if (first === undefined || certificates.includes(undefined)) return "unreadable";
  return { pem: `${blocks.join("\n")}\n`, first };
}

function parse(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}
