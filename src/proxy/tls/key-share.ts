/**
 * Looks for a post-quantum key share among those that a client offers (RFC 8446 section 4.2.8).
 *
 * Pure, for the log. A list that breaks its own lengths is the server's to refuse: here it just ends.
 */
import { ByteCursor } from "./byte-cursor.ts";

/** Codes of draft-ietf-tls-ecdhe-mlkem: ML-KEM together with an elliptic curve. */
const SECP256R1_MLKEM768 = 0x11eb;
const X25519_MLKEM768 = 0x11ec;
const SECP384R1_MLKEM1024 = 0x11ed;

/** The extension's data is `bytes` from `start` to `end`. */
export function hasPostQuantumShare(bytes: Uint8Array, start: number, end: number): boolean {
  const cursor = new ByteCursor(bytes, start, end);
  cursor.open16();
  while (cursor.remaining > 0) {
    const group = cursor.uint16();
    cursor.skip(cursor.uint16());
    if (cursor.ok && (group === X25519_MLKEM768 || group === SECP256R1_MLKEM768 || group === SECP384R1_MLKEM1024)) {
      return true;
    }
  }
  return false;
}
