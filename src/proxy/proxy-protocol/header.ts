/**
 * What a PROXY header says (HAProxy, "The PROXY protocol", versions 1 and 2): plain data, shared by reader and writer.
 */

export interface SocketEnd {
  /** IPv4 or IPv6 address, without brackets; of one that was read always the one text of it (formatIpAddress). */
  readonly address: string;
  /** 0–65535. */
  readonly port: number;
}

/** The ends of the connection that was accepted first. */
export interface ConnectionEnds {
  readonly source: SocketEnd;
  readonly destination: SocketEnd;
}

/** The fields of type, length and value that are looked at; all others are passed over (section 2.2). */
export interface HeaderFields {
  /** PP2_TYPE_ALPN. */
  readonly alpn?: Uint8Array;
  /** PP2_TYPE_AUTHORITY: the name that the client asked for, SNI above all. */
  readonly authority?: string;
  /** PP2_TYPE_UNIQUE_ID: opaque, 1 to 128 octets. */
  readonly uniqueId?: Uint8Array;
}

/**
 * Where the connection comes from. `unknown`: the sender does not know, or it is no TCP over IP. `local`: the sender speaks for
 * itself, as a health check does. For both the ends are those of the connection that the header came by.
 */
export type ProxyHeader =
  | ({ readonly command: "proxy" } & ConnectionEnds & { readonly fields: HeaderFields })
  | { readonly command: "unknown"; readonly fields: HeaderFields }
  | { readonly command: "local" };

/** Section 2.2: the twelve octets that no other protocol begins with. */
export const SIGNATURE_V2 = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);

/** Section 2.2.1 to 2.2.7. */
export const FIELD = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
} as const;

/** Section 2.2.5. */
export const MAX_UNIQUE_ID_BYTES = 128;
