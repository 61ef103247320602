/**
 * What the proxy learns from a ClientHello, and why it may refuse one.
 *
 * "No server name" is a hello without `serverName`; "could not be read" is a refusal. The two never meet: a hello that
 * cannot be read in full must not reach a listener for connections without a name (as in CVE-2026-32305).
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";

export interface ClientHello {
  /** Host name of the server_name extension (RFC 6066), lower case, without trailing dot. Absent: none was sent. */
  readonly serverName?: string;
  /** Protocols offered by ALPN (RFC 7301), the first 16, made printable. Empty: none was offered. */
  readonly alpn: readonly string[];
  /** Did it carry encrypted_client_hello (RFC 9849), real or GREASE? `serverName` is then the outer name. */
  readonly encryptedClientHello: boolean;
}

export type HelloRefusalReason = Extract<
  ConnectionReason,
  "malformed_client_hello" | "client_hello_too_large" | "not_tls" | "invalid_sni"
>;

export interface HelloRefusal {
  readonly state: "refused";
  readonly reason: HelloRefusalReason;
  /** What is wrong, in a few words of our own: never bytes of the client. */
  readonly detail: string;
}

export type HelloProgress =
  | { readonly state: "need_more" }
  | { readonly state: "hello"; readonly hello: ClientHello }
  | HelloRefusal;

export function refused(reason: HelloRefusalReason, detail: string): HelloRefusal {
  return { state: "refused", reason, detail };
}
