/**
 * Reads the body of one complete ClientHello message (RFC 8446 section 4.1.2; the same layout since SSL 3.0) where it lies.
 *
 * Pure. Refuses only what makes the server name ambiguous or unreadable: lengths on the way to the name that do not fit, a second
 * server_name extension, and what `server-name.ts` refuses. All else is forwarded as it is, and the backend answers or sends its alert.
 */
import { findProtocolsEnd } from "./alpn.ts";
import { ByteCursor } from "./byte-cursor.ts";
import type { ClientHello, HelloProgress } from "./client-hello.ts";
import { ExtensionIndex } from "./extension-index.ts";
import { OfferDraft } from "./hello-offer.ts";
import { type HelloRefusal, refused } from "./hello-refusal.ts";
import { hasPostQuantumShare } from "./key-share.ts";
import { readServerName } from "./server-name.ts";

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_SIGNATURE_ALGORITHMS = 13;
const EXTENSION_ALPN = 16;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const EXTENSION_KEY_SHARE = 51;
const EXTENSION_ENCRYPTED_CLIENT_HELLO = 0xfe0d;

const RANDOM_LENGTH = 32;

/** Scratch space of one call, which nothing outlives: made once, so that a hello costs no more than what is kept of it. */
const extensions = new ExtensionIndex();
const offer = new OfferDraft();

/** The message without its four-byte handshake header is `bytes` from `start` to `end`. Keeps no reference to them. */
export function readHelloMessage(bytes: Uint8Array, start: number, end: number): HelloProgress {
  const cursor = new ByteCursor(bytes, start, end);
  const version = cursor.uint16();
  cursor.skip(RANDOM_LENGTH);
  cursor.skip(cursor.uint8());
  const cipherSuitesLength = cursor.uint16();
  const cipherSuites = cursor.position;
  cursor.skip(cipherSuitesLength);
  cursor.skip(cursor.uint8());
  if (!cursor.ok) return refused("a field reaches beyond the message");
  // Another major version has another layout: a DTLS hello has a cookie before the cipher suites.
  if (version >> 8 !== 3) return refused("the version is no TLS version");
  offer.begin(version);
  return indexExtensions(cursor) ?? readExtensions(bytes, cipherSuites, cipherSuites + cipherSuitesLength);
}

/** Walks the extension block, before which the cursor is. Answers only what is wrong with it. */
function indexExtensions(cursor: ByteCursor): HelloRefusal | undefined {
  extensions.clear();
  // TLS 1.0 and older: the block may be missing altogether.
  if (cursor.atEnd) return undefined;
  const messageEnd = cursor.open16();
  if (!cursor.ok || cursor.position + cursor.remaining !== messageEnd) {
    return refused("the extension block does not end where the message ends");
  }
  while (cursor.remaining > 0) {
    const type = cursor.uint16();
    const length = cursor.uint16();
    const start = cursor.position;
    cursor.skip(length);
    if (!cursor.ok) return refused("an extension reaches beyond the extension block");
    // RFC 8446 section 4.2: no type twice. Of two server names the backend could read the other one. Two extensions of another type
    // are the backend's to refuse; the log has the first.
    if (!extensions.add(type, start, start + length) && type === EXTENSION_SERVER_NAME) {
      return refused("the server_name extension occurs twice");
    }
    offer.addExtension(type);
  }
  return undefined;
}

/** Looks into the extensions that have been found. */
function readExtensions(bytes: Uint8Array, cipherSuites: number, cipherSuitesEnd: number): HelloProgress {
  const hasAlpn = extensions.has(EXTENSION_ALPN);
  const serverName = extensions.has(EXTENSION_SERVER_NAME)
    ? readServerName(bytes, extensions.start(EXTENSION_SERVER_NAME), extensions.end(EXTENSION_SERVER_NAME))
    : undefined;
  if (typeof serverName === "object") return serverName;
  offer.endExtensions();
  const alpn = extensions.start(EXTENSION_ALPN);
  // In the order that `HelloOffer` has: ALPN, versions, cipher suites, signature algorithms; without their outer lengths.
  if (hasAlpn) offer.addList(bytes, alpn + 2, findProtocolsEnd(bytes, alpn, extensions.end(EXTENSION_ALPN)));
  else offer.addList(bytes, 0, 0);
  addInner(bytes, EXTENSION_SUPPORTED_VERSIONS, 1);
  offer.addList(bytes, cipherSuites, cipherSuitesEnd);
  addInner(bytes, EXTENSION_SIGNATURE_ALGORITHMS, 2);
  return { state: "hello", hello: helloOf(bytes, serverName) };
}

/** Written out twice: a spread costs some 50 ns more, a tenth of all the reading. */
function helloOf(bytes: Uint8Array, serverName: string | undefined): ClientHello {
  const encryptedClientHello = extensions.has(EXTENSION_ENCRYPTED_CLIENT_HELLO);
  const postQuantum =
    extensions.has(EXTENSION_KEY_SHARE) &&
    hasPostQuantumShare(bytes, extensions.start(EXTENSION_KEY_SHARE), extensions.end(EXTENSION_KEY_SHARE));
  return serverName === undefined
    ? { encryptedClientHello, postQuantum, offer: offer.finish() }
    : { serverName, encryptedClientHello, postQuantum, offer: offer.finish() };
}

/** A list behind its length of so many bytes, which is for the log only and may be cut short. */
function addInner(bytes: Uint8Array, type: number, lengthBytes: number): void {
  const end = extensions.end(type);
  offer.addList(bytes, Math.min(extensions.start(type) + lengthBytes, end), end);
}
