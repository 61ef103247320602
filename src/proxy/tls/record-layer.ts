/** What the record and handshake layers say about the beginning of a connection (RFC 8446 sections 4 and 5.1). */

export const CONTENT_TYPE_HANDSHAKE = 22;
export const TLS_MAJOR_VERSION = 3;
export const RECORD_HEADER_LENGTH = 5;

/** 2^14 of plaintext and the 256 that TLS 1.3 allows a protected record (RFC 8446 section 5.2). */
export const MAX_RECORD_LENGTH = 16_384 + 256;

export const HANDSHAKE_TYPE_CLIENT_HELLO = 1;
export const HANDSHAKE_HEADER_LENGTH = 4;
