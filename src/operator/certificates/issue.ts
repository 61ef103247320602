/**
 * Makes certificates: an authority of our own and serving certificates signed by it (RFC 5280), ECDSA on P-256. The time is
 * given; randomness is the one effect. Stores nothing and decides nothing about when.
 */
import "./reflect.ts";
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export const DAY_MS = 86_400_000;
export const AUTHORITY_LIFETIME_MS = 3_650 * DAY_MS;
export const SERVING_LIFETIME_MS = 90 * DAY_MS;

/** Clocks of a cluster's nodes differ: a certificate is valid from a little before it was made. */
const CLOCK_SKEW_MS = 300_000;

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;

/** An authority that signs serving certificates and no other authority, valid for ten years from `now`. */
export async function createAuthority(now: Date): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // The serial number in the name keeps authorities apart for those who build chains by name.
    name: `CN=fsm-gateway ${serialNumber().slice(0, 8)}`,
    ...validity(now, AUTHORITY_LIFETIME_MS),
    serialNumber: serialNumber(),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemText(certificate), key: privateKeyPem(keys.privateKey) };
}

/** A certificate for servers of these DNS names, valid for 90 days from `now`. @throws when the authority is no certificate. */
export async function issueServing(
  authority: KeyedCertificate,
  dnsNames: readonly string[],
  now: Date,
): Promise<KeyedCertificate> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = createPrivateKey(authority.key).toCryptoKey(ALGORITHM, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${dnsNames[0] ?? "fsm-gateway"}`.slice(0, 67),
    issuer: issuer.subjectName,
    ...validity(now, SERVING_LIFETIME_MS),
    serialNumber: serialNumber(),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: "dns" as const, value }))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: pemText(certificate), key: privateKeyPem(keys.privateKey) };
}

function validity(now: Date, lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - CLOCK_SKEW_MS), notAfter: new Date(now.getTime() + lifetimeMs) };
}

/** Positive and not longer than 20 octets (RFC 5280, section 4.1.2.2): the first bit is kept clear. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

/** With the newline that lets certificates be joined to a bundle (RFC 7468, section 3). */
function pemText(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

function privateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}
