/**
 * Certificates and authorities of the configuration, parsed, or what is wrong with them. The table has not judged their
 * PEM: one bad certificate must cost its own connections and nothing else.
 *
 * No word on a problem holds any of the PEM: it may be a private key.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { AuthoritiesResource, CertificateResource } from "../../model/proxy-config.ts";
import { tlsErrorText } from "./tls-error.ts";

export interface LoadedCertificate {
  readonly resource: CertificateResource;
  readonly leaf: X509Certificate;
  /** `ec`, `rsa` and so on: a server holds one certificate of each. */
  readonly keyType: string;
}

/** One sentence, for the log and for the detail of each connection that fails by it. */
export interface Unusable {
  readonly problem: string;
}

export function loadCertificate(resource: CertificateResource): LoadedCertificate | Unusable {
  const { name, certificate, privateKey } = resource;
  try {
    const leaf = new X509Certificate(certificate);
    const key = createPrivateKey(privateKey);
    if (!leaf.checkPrivateKey(key)) return { problem: `certificate ${name}: the private key is another certificate's` };
    return { resource, leaf, keyType: key.asymmetricKeyType ?? "unknown" };
  } catch (error) {
    return { problem: `certificate ${name} cannot be used: ${tlsErrorText(error)}` };
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Judged one by one, because OpenSSL passes over what it cannot read, and an empty list would mean other authorities. */
export function authoritiesProblem({ name, certificates }: AuthoritiesResource): string | undefined {
  const blocks = certificates.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return `authorities ${name} hold no certificate`;
  try {
    for (const block of blocks) new X509Certificate(block);
    return undefined;
  } catch (error) {
    return `authorities ${name} cannot be used: ${tlsErrorText(error)}`;
  }
}
