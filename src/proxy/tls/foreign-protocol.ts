/**
 * Tells apart what is not TLS, by its first bytes: a load balancer that sends PROXY headers to a port that expects none,
 * a browser without https, a database client that asks for TLS in its own way.
 *
 * Pure, for the log and the metric only: whatever it says, the connection is refused. It asks for more bytes only while
 * they are the beginning of something it knows, 12 at most.
 */
import { type HelloRefusal, type HelloRefusalDetail, refused } from "./hello-refusal.ts";

/** What one byte of a signature may be. */
type BytePattern = (byte: number) => boolean;

const anyByte: BytePattern = () => true;
const exactly =
  (expected: number): BytePattern =>
  (byte) =>
    byte === expected;
const oneOf =
  (...expected: number[]): BytePattern =>
  (byte) =>
    expected.includes(byte);
const text = (characters: string): BytePattern[] => Array.from(Buffer.from(characters, "latin1"), exactly);

const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PRI"];

/** No signature is the beginning of another, so that their order means nothing. */
const SIGNATURES: readonly (readonly [HelloRefusalDetail, readonly BytePattern[]])[] = [
  // HAProxy's proxy-protocol.txt, sections 2.1 and 2.2.
  ["a PROXY protocol header, which is not expected here", text("PROXY ")],
  ["a PROXY protocol header, which is not expected here", text("\r\n\r\n\0\r\nQUIT\n")],
  ...HTTP_METHODS.map((method) => ["an HTTP request", text(`${method} `)] as const),
  ["an HTTP CONNECT request", text("CONNECT ")],
  // RFC 4253 section 4.2.
  ["an SSH banner", text("SSH-")],
  // A two-byte length with its highest bit set, the message type, the major version (RFC 5246 appendix E.2).
  ["an SSL 2.0 hello", [(byte) => byte >= 0x80, anyByte, exactly(1), oneOf(0, 3)]],
  // A length of 8 and the code 80877103 (PostgreSQL's manual, "Message Formats").
  ["a PostgreSQL SSLRequest", [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f].map(exactly)],
  // change_cipher_spec, alert, application_data, heartbeat.
  ["a TLS record, but no handshake", [oneOf(20, 21, 23, 24), exactly(3)]],
];

/** What these first bytes are, which are no TLS handshake record; undefined while more of them must tell. */
export function foreignProtocol(bytes: Uint8Array, length: number): HelloRefusal | undefined {
  let isUndecided = false;
  for (const [detail, signature] of SIGNATURES) {
    const seen = Math.min(length, signature.length);
    if (!signature.slice(0, seen).every((pattern, index) => pattern(bytes[index] ?? 0))) continue;
    if (seen === signature.length) return refused(detail);
    isUndecided = true;
  }
  return isUndecided ? undefined : refused("no protocol that is known here");
}
