/**
 * Reads the application_layer_protocol_negotiation extension (RFC 7301 section 3.1).
 *
 * Pure. The names are for the log: bounded in number and length and made printable, never used to route.
 */
import { ByteCursor } from "./byte-cursor.ts";
import type { ClientHello } from "./client-hello.ts";
import { offeredProtocols } from "./hello-offer.ts";

/** Clients offer two or three. More are legal, but nobody reads them, and 8,000 would fit into a hello. */
const MAX_PROTOCOLS_KEPT = 16;

/** Registered names are below 30 bytes; two of the longest possible still fit. */
const MAX_ALPN_BYTES_KEPT = 512;

/**
 * Judges the whole extension, which is `bytes` from `start` to `end`. Answers where the names that are worth keeping end,
 * which begin at `start + 2`; undefined when the list breaks its own lengths or holds an empty name.
 */
export function checkProtocols(bytes: Uint8Array, start: number, end: number): number | undefined {
  const cursor = new ByteCursor(bytes, start, end);
  const listStart = start + 2;
  const outer = cursor.open16();
  if (cursor.remaining === 0 || cursor.position + cursor.remaining !== outer) return undefined;
  let keptEnd = listStart;
  for (let count = 1; cursor.remaining > 0; count++) {
    const length = cursor.uint8();
    if (length === 0) return undefined;
    cursor.skip(length);
    if (count <= MAX_PROTOCOLS_KEPT && cursor.position - listStart <= MAX_ALPN_BYTES_KEPT) keptEnd = cursor.position;
  }
  return cursor.ok ? keptEnd : undefined;
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
