/**
 * Why first bytes are refused: a closed set of details, each with the one reason it belongs to.
 *
 * The reason is the word of metrics and filters, the detail tells the families behind it apart. Both are our own words,
 * never bytes of the client. Every refusal exists once: refusing allocates nothing.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";

export type HelloRefusalReason = Extract<
  ConnectionReason,
  "malformed_client_hello" | "client_hello_too_large" | "not_tls" | "invalid_sni" | "proxy_header_unexpected"
>;

const REASON_OF_DETAIL = {
  "a PROXY protocol header, which is not expected here": "proxy_header_unexpected",
  "an HTTP request": "not_tls",
  "an HTTP CONNECT request": "not_tls",
  "an SSH banner": "not_tls",
  "an SSL 2.0 hello": "not_tls",
  "a PostgreSQL SSLRequest": "not_tls",
  "a TLS record, but no handshake": "not_tls",
  "no protocol that is known here": "not_tls",
  "the ClientHello exceeds the limit": "client_hello_too_large",
  "the ClientHello exceeds the limit with its record headers": "client_hello_too_large",
  "a record longer than TLS allows": "malformed_client_hello",
  "a record of another kind inside the ClientHello": "malformed_client_hello",
  "the first handshake message is no ClientHello": "malformed_client_hello",
  "a field reaches beyond the message": "malformed_client_hello",
  "the version is no TLS version": "malformed_client_hello",
  "the extension block does not end where the message ends": "malformed_client_hello",
  "an extension reaches beyond the extension block": "malformed_client_hello",
  "the server_name extension occurs twice": "malformed_client_hello",
  "the server name list does not fill its extension": "malformed_client_hello",
  "the server name reaches beyond its list": "malformed_client_hello",
  "the server name list is empty": "invalid_sni",
  "the server name is of an unknown type": "invalid_sni",
  "more than one server name": "invalid_sni",
  "the server name is no legal host name": "invalid_sni",
} as const satisfies Record<string, HelloRefusalReason>;

export type HelloRefusalDetail = keyof typeof REASON_OF_DETAIL;

export interface HelloRefusal {
  readonly state: "refused";
  readonly reason: HelloRefusalReason;
  readonly detail: HelloRefusalDetail;
}

const REFUSALS = Object.fromEntries(
  Object.entries(REASON_OF_DETAIL).map(([detail, reason]) => [
    detail,
    Object.freeze({ state: "refused", reason, detail }),
  ]),
) as Record<HelloRefusalDetail, HelloRefusal>;

/** Every refusal there is. */
export const HELLO_REFUSALS: readonly HelloRefusal[] = Object.values(REFUSALS);

export function refused(detail: HelloRefusalDetail): HelloRefusal {
  return REFUSALS[detail];
}
