/**
 * Reads the body of one complete ClientHello message (RFC 8446 section 4.1.2; the same layout since SSL 3.0).
 *
 * Pure. It checks every length of the structure, and looks inside server_name and ALPN only: whether the two ends
 * can agree on TLS is theirs to find out.
 */
import { alpnProtocols } from "./alpn.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { type HelloProgress, type HelloRefusal, refused } from "./client-hello.ts";
import { readServerName } from "./server-name.ts";

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const EXTENSION_ENCRYPTED_CLIENT_HELLO = 0xfe0d;

const MAX_SESSION_ID_LENGTH = 32;

/** `body`: the message without its four-byte handshake header. */
export function readHelloMessage(body: Uint8Array): HelloProgress {
  const cursor = new ByteCursor(body);
  const problem = readFixedPart(cursor);
  if (problem !== undefined) return malformed(problem);
  // TLS 1.0 and older: the extension block may be missing altogether.
  if (cursor.atEnd) return { state: "hello", hello: { alpn: [], encryptedClientHello: false } };
  const block = cursor.vector16();
  if (!cursor.atEnd) return malformed("the extension block does not end where the message ends");
  const extensions = readExtensions(block);
  return extensions instanceof Map ? helloOf(extensions) : extensions;
}

/** Everything before the extensions; the answer is what is wrong with it. */
function readFixedPart(cursor: ByteCursor): string | undefined {
  const major = cursor.uint16() >> 8;
  cursor.take(32); // random
  const sessionId = cursor.vector8();
  const cipherSuites = cursor.vector16();
  const compressionMethods = cursor.vector8();
  if (!cursor.ok) return "a field reaches beyond the message";
  if (major !== 3) return "the version is no TLS version";
  if (sessionId.length > MAX_SESSION_ID_LENGTH) return "the session id is longer than 32 bytes";
  if (cipherSuites.length === 0 || cipherSuites.length % 2 !== 0) return "the list of cipher suites is empty or odd";
  if (compressionMethods.length === 0) return "no compression method is offered";
  return undefined;
}

function readExtensions(block: Uint8Array): Map<number, Uint8Array> | HelloRefusal {
  const cursor = new ByteCursor(block);
  const extensions = new Map<number, Uint8Array>();
  while (cursor.remaining > 0) {
    const type = cursor.uint16();
    const data = cursor.vector16();
    // RFC 8446 section 4.2: no type twice. Two server names would let the backend see another one than we do.
    if (extensions.has(type)) return malformed("an extension occurs twice");
    extensions.set(type, data);
  }
  return cursor.ok ? extensions : malformed("an extension reaches beyond the extension block");
}

function helloOf(extensions: ReadonlyMap<number, Uint8Array>): HelloProgress {
  const alpnData = extensions.get(EXTENSION_ALPN);
  const alpn = alpnData === undefined ? [] : alpnProtocols(alpnData);
  if (alpn === undefined) return malformed("the list of application protocols is malformed");
  const encryptedClientHello = extensions.has(EXTENSION_ENCRYPTED_CLIENT_HELLO);
  const nameData = extensions.get(EXTENSION_SERVER_NAME);
  if (nameData === undefined) return { state: "hello", hello: { alpn, encryptedClientHello } };
  const name = readServerName(nameData);
  if ("state" in name) return name;
  return { state: "hello", hello: { serverName: name.serverName, alpn, encryptedClientHello } };
}

function malformed(detail: string): HelloRefusal {
  return refused("malformed_client_hello", detail);
}
