/**
 * Reads the application_layer_protocol_negotiation extension (RFC 7301 section 3.1).
 *
 * Pure. The names are for the log: bounded in number and made printable, never used to route.
 */
import { ByteCursor } from "./byte-cursor.ts";

/** Clients offer two or three. More are legal, but nobody reads them, and 8,000 would fit into a hello. */
const MAX_PROTOCOLS_KEPT = 16;

/** The first protocols, printable; undefined when the list breaks its own lengths or holds an empty name. */
export function alpnProtocols(extension: Uint8Array): string[] | undefined {
  const outer = new ByteCursor(extension);
  const cursor = new ByteCursor(outer.vector16());
  if (!outer.atEnd || cursor.remaining === 0) return undefined;
  const protocols: string[] = [];
  while (cursor.remaining > 0) {
    const name = cursor.vector8();
    if (name.length === 0) return undefined;
    if (protocols.length < MAX_PROTOCOLS_KEPT) protocols.push(printable(name));
  }
  return cursor.ok ? protocols : undefined;
}

/** Printable ASCII as it is, anything else (GREASE values, for one) as `\xNN`. */
function printable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}
