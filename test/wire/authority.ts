/**
 * Authorities and certificates of every kind for tests of TLS: key types, names, usages, validity.
 */
import "../../src/operator/certificates/reflect.ts";
import { KeyObject, randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { AuthoritiesResource, CertificateResource } from "../../src/model/proxy-config.ts";

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: "SHA-256",
} as const;
const DAY_MS = 86_400_000;

export interface CertificateWish {
  readonly dns?: readonly string[];
  readonly uris?: readonly string[];
  readonly subject?: string;
  readonly keyType?: "ecdsa" | "rsa";
  readonly usage?: "server" | "client";
  /** Days from now until it ends; negative: it has ended. */
  readonly days?: number;
}

export interface Pem {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  /** PEM. */
  readonly ca: string;
  issue(wish: CertificateWish): Promise<Pem>;
  /** As a resource of this name. */
  certificate(name: string, wish: CertificateWish): Promise<CertificateResource>;
  authorities(name: string): AuthoritiesResource;
}

export async function testAuthority(name = "test authority"): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity(10),
    serialNumber: serialNumber(),
    keys,
    signingAlgorithm: ECDSA,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const ca = pem(root);
  const issue = async (wish: CertificateWish): Promise<Pem> => {
    const subjectKeys = await webcrypto.subtle.generateKey(wish.keyType === "rsa" ? RSA : ECDSA, true, [
      "sign",
      "verify",
    ]);
    const names = [
      ...(wish.dns ?? []).map((value) => ({ type: "dns" as const, value })),
      ...(wish.uris ?? []).map((value) => ({ type: "url" as const, value })),
    ];
    const usage = wish.usage === "client" ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
    const certificate = await x509.X509CertificateGenerator.create({
      subject: wish.subject ?? `CN=${wish.dns?.[0] ?? "nobody"}`,
      issuer: root.subjectName,
      ...validity(wish.days ?? 10),
      serialNumber: serialNumber(),
      publicKey: subjectKeys.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ECDSA,
      extensions: [
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    });
    const key = KeyObject.from(subjectKeys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
    return { cert: pem(certificate), key };
  };
  return {
    ca,
    issue,
    certificate: async (resource, wish) => {
      const { cert, key } = await issue(wish);
      return { kind: "certificate", name: resource, certificate: cert, privateKey: key };
    },
    authorities: (resource) => ({ kind: "authorities", name: resource, certificates: ca }),
  };
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 20 * DAY_MS), notAfter: new Date(now + days * DAY_MS) };
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}
