/**
 * Reads the server_name extension (RFC 6066 section 3) where it lies.
 *
 * Pure. An extension that is there yields a legal host name or a refusal, never "no name": an empty or unreadable name
 * must not be taken for a connection without one. What is legal is said in `dns-name.ts`; here it is judged byte by
 * byte, without making text of what may be none (a test holds the two together).
 */
import { ByteCursor } from "./byte-cursor.ts";
import { type HelloRefusal, refused } from "./hello-refusal.ts";

const NAME_TYPE_HOST_NAME = 0;

/** RFC 1035 section 3.1. */
const MAX_NAME_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;

const DOT = 0x2e;
const HYPHEN = 0x2d;

/** Where a name is put together, within one call: it is copied into the text that is returned. */
const scratch = Buffer.alloc(MAX_NAME_LENGTH);

/** The name, or why it is refused. The extension's data is `bytes` from `start` to `end`. */
export function readServerName(bytes: Uint8Array, start: number, end: number): string | HelloRefusal {
  const cursor = new ByteCursor(bytes, start, end);
  const outer = cursor.open16();
  const list = cursor.remaining;
  if (!cursor.ok || cursor.position + list !== outer)
    return refused("the server name list does not fill its extension");
  if (list === 0) return refused("the server name list is empty");
  // No other type was ever defined, and its layout could not be known (RFC 8446 has no second type either).
  if (cursor.uint8() !== NAME_TYPE_HOST_NAME) return refused("the server name is of an unknown type");
  const listEnd = cursor.open16();
  if (!cursor.ok) return refused("the server name reaches beyond its list");
  const nameStart = cursor.position;
  const nameEnd = nameStart + cursor.remaining;
  // RFC 6066: at most one name of a type, and there is but one type.
  if (nameEnd !== listEnd) return refused("more than one server name");
  return hostName(bytes, nameStart, nameEnd) ?? refused("the server name is no legal host name");
}

/** Returns the server name that the proxy reads if a client sends this text; undefined if it rejects the client (`invalid_sni`). */
export function parseServerName(text: string): string | undefined {
  const bytes = Buffer.from(text);
  return hostName(bytes, 0, bytes.length);
}

/** Lower case, one trailing dot removed; undefined when no legal host name is left. */
function hostName(bytes: Uint8Array, start: number, rawEnd: number): string | undefined {
  const end = bytes[rawEnd - 1] === DOT ? rawEnd - 1 : rawEnd;
  const length = end - start;
  if (length <= 0 || length > MAX_NAME_LENGTH) return undefined;
  let labelLength = 0;
  let previous = DOT;
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index] ?? 0;
    // ASCII only: toLowerCase() would fold U+212A, the Kelvin sign, and its kin into ASCII letters.
    const character = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    labelLength = character === DOT ? 0 : labelLength + 1;
    if (labelLength > MAX_LABEL_LENGTH || !mayFollow(character, previous)) return undefined;
    scratch[index] = character;
    previous = character;
  }
  if (previous === DOT || previous === HYPHEN || endsInNumber(scratch, length)) return undefined;
  return scratch.toString("latin1", 0, length);
}

/** Letters, digits and underscores may be anywhere, a hyphen not at the beginning or end of a label; no label is empty. */
function mayFollow(character: number, previous: number): boolean {
  if (character >= 0x61 && character <= 0x7a) return true;
  if (isDigit(character) || character === 0x5f) return true;
  if (character === HYPHEN) return previous !== DOT;
  return character === DOT && previous !== DOT && previous !== HYPHEN;
}

/** A last label of digits alone would make the name an IPv4 address to some. */
function endsInNumber(name: Uint8Array, length: number): boolean {
  let index = length - 1;
  while (index >= 0 && isDigit(name[index] ?? 0)) index--;
  return index < 0 || (index < length - 1 && name[index] === DOT);
}

function isDigit(character: number): boolean {
  return character >= 0x30 && character <= 0x39;
}
