/**
 * Finds the ClientHello in a client's first bytes, in whatever portions they come: TCP segments and TLS records
 * (RFC 8446 section 5.1) may split it anywhere.
 *
 * Pure and resumable: each byte is looked at once. It keeps the message, never the bytes to forward; those are the
 * relay's. Lengths are judged when their header is complete, before anything they announce is buffered.
 */
import { type HelloProgress, type HelloRefusal, refused } from "./client-hello.ts";
import { readHelloMessage } from "./hello-message.ts";

const CONTENT_TYPE_HANDSHAKE = 22;
const HANDSHAKE_TYPE_CLIENT_HELLO = 1;
const RECORD_HEADER_LENGTH = 5;
const HANDSHAKE_HEADER_LENGTH = 4;

/** 2^14 of plaintext and the 256 that TLS 1.3 allows a protected record (RFC 8446 section 5.2). */
const MAX_RECORD_LENGTH = 16_384 + 256;

/**
 * Largest ClientHello, handshake header included. Hellos with two post-quantum key shares are below 4 KiB, those with
 * large session tickets below 8; nginx and Envoy stop at the same 16 KiB. A record carries at least one byte under five
 * bytes of header, so that what a client can make the relay hold is six times this, 96 KiB, and one read.
 */
export const DEFAULT_MAX_HELLO_BYTES = 16_384;

const NEED_MORE: HelloProgress = { state: "need_more" };

export class ClientHelloParser {
  readonly #maxHelloBytes: number;
  readonly #recordHeader = new Uint8Array(RECORD_HEADER_LENGTH);
  #recordHeaderFilled = 0;
  #recordRemaining = 0;
  #isFirstRecord = true;
  #message = new Uint8Array(512);
  #messageFilled = 0;
  #progress: HelloProgress = NEED_MORE;

  constructor(maxHelloBytes: number = DEFAULT_MAX_HELLO_BYTES) {
    this.#maxHelloBytes = maxHelloBytes;
  }

  /** Takes the next bytes and answers for all of them so far. An answer other than `need_more` is final. */
  push(bytes: Uint8Array): HelloProgress {
    let offset = 0;
    while (offset < bytes.length && this.#progress.state === "need_more") {
      offset += this.#recordRemaining > 0 ? this.#readFragment(bytes, offset) : this.#readRecordHeader(bytes, offset);
    }
    return this.#progress;
  }

  /** One byte of a record header, judged as soon as it can be. Returns the number of bytes used. */
  #readRecordHeader(bytes: Uint8Array, offset: number): number {
    const byte = bytes[offset] ?? 0;
    this.#recordHeader[this.#recordHeaderFilled++] = byte;
    const isTls = this.#recordHeaderFilled === 1 ? byte === CONTENT_TYPE_HANDSHAKE : (this.#recordHeader[1] ?? 0) === 3;
    if (!isTls) this.#progress = this.#foreignRecord();
    else if (this.#recordHeaderFilled === RECORD_HEADER_LENGTH) this.#startRecord();
    return 1;
  }

  #startRecord(): void {
    const length = ((this.#recordHeader[3] ?? 0) << 8) | (this.#recordHeader[4] ?? 0);
    // RFC 8446 section 5.1: no zero-length handshake fragments; they would let a client send for ever.
    if (length === 0) this.#progress = malformed("a record without content");
    else if (length > MAX_RECORD_LENGTH) this.#progress = malformed("a record longer than TLS allows");
    this.#recordRemaining = length;
    this.#recordHeaderFilled = 0;
    this.#isFirstRecord = false;
  }

  #foreignRecord(): HelloRefusal {
    return this.#isFirstRecord
      ? refused("not_tls", "the first bytes are no TLS handshake record")
      : malformed("a record of another kind inside the ClientHello");
  }

  /** The part of a record's content that belongs to the message. Returns the number of bytes used. */
  #readFragment(bytes: Uint8Array, offset: number): number {
    const wanted = this.#messageLength() - this.#messageFilled;
    const count = Math.min(wanted, this.#recordRemaining, bytes.length - offset);
    this.#append(bytes.subarray(offset, offset + count));
    this.#recordRemaining -= count;
    this.#progress = this.#judge();
    return count;
  }

  #judge(): HelloProgress {
    if (this.#message[0] !== HANDSHAKE_TYPE_CLIENT_HELLO)
      return malformed("the first handshake message is no ClientHello");
    if (this.#messageFilled < HANDSHAKE_HEADER_LENGTH) return NEED_MORE;
    const length = this.#messageLength();
    if (length > this.#maxHelloBytes) return refused("client_hello_too_large", "the ClientHello exceeds the limit");
    if (this.#messageFilled < length) return NEED_MORE;
    return readHelloMessage(this.#message.subarray(HANDSHAKE_HEADER_LENGTH, length));
  }

  /** Length of the message with its header; of the header alone while that is incomplete. */
  #messageLength(): number {
    if (this.#messageFilled < HANDSHAKE_HEADER_LENGTH) return HANDSHAKE_HEADER_LENGTH;
    const message = this.#message;
    return HANDSHAKE_HEADER_LENGTH + (((message[1] ?? 0) << 16) | ((message[2] ?? 0) << 8) | (message[3] ?? 0));
  }

  /** Grows by doubling with what really arrived, never to an announced length. */
  #append(fragment: Uint8Array): void {
    const needed = this.#messageFilled + fragment.length;
    if (needed > this.#message.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#message.length));
      grown.set(this.#message.subarray(0, this.#messageFilled));
      this.#message = grown;
    }
    this.#message.set(fragment, this.#messageFilled);
    this.#messageFilled = needed;
  }
}

function malformed(detail: string): HelloRefusal {
  return refused("malformed_client_hello", detail);
}
