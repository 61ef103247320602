/**
 * Reads the application_layer_protocol_negotiation extension (RFC 7301 section 3.1).
 *
 * Pure. The names are for the log: bounded in number and length and made printable, never used to route. A list that breaks its own
 * lengths is the server's to refuse: here it ends before the first name that cannot be read.
 */
import { ByteCursor } from "./byte-cursor.ts";
import type { ClientHello } from "./client-hello.ts";
import { offeredProtocols } from "./hello-offer.ts";

/** Clients offer two or three. More are legal, but nobody reads them, and 8,000 would fit into a hello. */
const MAX_PROTOCOLS_KEPT = 16;

/** Registered names are below 30 bytes; two of the longest possible still fit. */
const MAX_ALPN_BYTES_KEPT = 512;

/**
 * Returns where the names that are kept end; they start at `start + 2`. The extension's data is `bytes` from `start` to `end`. No name
 * is kept that is empty or reaches beyond the list.
 */
export function findProtocolsEnd(bytes: Uint8Array, start: number, end: number): number {
  const cursor = new ByteCursor(bytes, start, end);
  const listStart = start + 2;
  cursor.open16();
  let keptEnd = listStart;
  for (let count = 1; count <= MAX_PROTOCOLS_KEPT && cursor.remaining > 0; count++) {
    const length = cursor.uint8();
    cursor.skip(length);
    if (!cursor.ok || length === 0 || cursor.position - listStart > MAX_ALPN_BYTES_KEPT) break;
    keptEnd = cursor.position;
  }
  return keptEnd;
}

/** The first 16 protocols that the client offers, printable. Empty: none. */
export function alpnOf(hello: ClientHello): string[] {
  return offeredProtocols(hello.offer).map(printable);
}

/** Printable ASCII as it is, anything else (GREASE values, for one) as `\xNN`. */
function printable(protocol: string): string {
  return protocol.replace(
    /[^\x21-\x5b\x5d-\x7e]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
