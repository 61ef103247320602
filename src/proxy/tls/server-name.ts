/**
 * Reads the server_name extension (RFC 6066 section 3).
 *
 * Pure. An extension that is there yields a legal host name or a refusal, never "no name": an empty or unreadable name
 * must not be taken for a connection without one.
 */
import { isDnsName } from "../dns-name.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { type HelloRefusal, refused } from "./client-hello.ts";

const NAME_TYPE_HOST_NAME = 0;

/** No legal name is longer; beyond this the bytes are not even decoded. 253 characters and a trailing dot. */
const MAX_RAW_NAME_LENGTH = 254;

export function readServerName(extension: Uint8Array): { readonly serverName: string } | HelloRefusal {
  const outer = new ByteCursor(extension);
  const list = outer.vector16();
  if (!outer.atEnd) return refused("malformed_client_hello", "the server name list does not fill its extension");
  const cursor = new ByteCursor(list);
  if (cursor.remaining === 0) return refused("invalid_sni", "the server name list is empty");
  const type = cursor.uint8();
  // No other type was ever defined, and its layout could not be known (RFC 8446 has no second type either).
  if (type !== NAME_TYPE_HOST_NAME) return refused("invalid_sni", "the name is of an unknown type");
  const raw = cursor.vector16();
  if (!cursor.ok) return refused("malformed_client_hello", "the server name reaches beyond its list");
  // RFC 6066: at most one name of a type, and there is but one type.
  if (!cursor.atEnd) return refused("invalid_sni", "more than one server name");
  const serverName = normalise(raw);
  return serverName === undefined ? refused("invalid_sni", "the name is no legal host name") : { serverName };
}

/** Lower case, one trailing dot removed; undefined when no legal host name is left. */
function normalise(raw: Uint8Array): string | undefined {
  if (raw.length === 0 || raw.length > MAX_RAW_NAME_LENGTH) return undefined;
  // Byte by byte, ASCII only: toLowerCase() would fold U+212A, the Kelvin sign, and its kin into ASCII letters.
  let name = "";
  for (const byte of raw) name += String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
  if (name.endsWith(".")) name = name.slice(0, -1);
  return isDnsName(name) ? name : undefined;
}
