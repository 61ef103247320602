/**
 * Whether a backend's certificate, whose chain is verified already, belongs to the backend that is meant. Pure.
 */
import type { X509Certificate } from "node:crypto";
import type { BackendTls } from "../../model/proxy-config.ts";

type VerifiedTls = Extract<BackendTls, { type: "verified" }>;

/** A common name says nothing here, and a wildcard stands for a whole label (RFC 9525 sections 2 and 6.3). */
const HOST_CHECK = { subject: "never", partialWildcards: false } as const;

/** One sentence on why it is another's; undefined: it is the right one. */
export function identityProblem(leaf: X509Certificate, tls: VerifiedTls): string | undefined {
  const { serverName, subjectAltNames } = tls;
  if (subjectAltNames.length === 0) {
    const isRight = leaf.checkHost(serverName, HOST_CHECK) !== undefined;
    return isRight ? undefined : `the certificate is not for ${serverName}`;
  }
  const uris = uriNames(leaf);
  // Gateway API, BackendTLSPolicyValidation.subjectAltNames: one of them is enough.
  const isRight = subjectAltNames.some(({ type, value }) =>
    type === "URI" ? uris.includes(value) : leaf.checkHost(value, HOST_CHECK) !== undefined,
  );
  return isRight ? undefined : "the certificate holds none of the subjectAltNames asked for";
}

/** One name of OpenSSL's list: `URI:spiffe://a/b`, or with its value in JSON quotes where it holds a comma or worse. */
const NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/** The names of type URI. A list that cannot be read to its end holds none: it may have been made to deceive. */
function uriNames({ subjectAltName }: X509Certificate): string[] {
  const text = subjectAltName ?? "";
  const uris: string[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < text.length) {
    const [, type, value = ""] = NAME.exec(text) ?? [];
    if (type === undefined) return [];
    if (type === "URI") uris.push(value.startsWith('"') ? String(JSON.parse(value)) : value);
  }
  return uris;
}
