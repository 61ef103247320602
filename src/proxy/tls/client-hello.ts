/**
 * What the proxy learns from a ClientHello.
 *
 * "No server name" is a hello without `serverName`; "could not be read" is a refusal. The two never meet: a hello that
 * cannot be read in full must not reach a listener for connections without a name (as in CVE-2026-32305).
 */
import type { HelloOffer } from "./hello-offer.ts";
import type { HelloRefusal } from "./hello-refusal.ts";

/** Plain data, which may be sent to another thread. It refers to none of the client's bytes. */
export interface ClientHello {
  /** Host name of the server_name extension (RFC 6066), lower case, without trailing dot. Absent: none was sent. */
  readonly serverName?: string;
  /** Did it carry encrypted_client_hello (RFC 9849), real or GREASE? `serverName` is then the outer name. */
  readonly encryptedClientHello: boolean;
  /** Did it carry a key share of a hybrid of ML-KEM and an elliptic curve (RFC 9954)? */
  readonly postQuantum: boolean;
  /** What `alpnOf` and `ja4Of` read, for the log. */
  readonly offer: HelloOffer;
}

export type HelloProgress =
  | { readonly state: "need_more" }
  | { readonly state: "hello"; readonly hello: ClientHello }
  | HelloRefusal;
