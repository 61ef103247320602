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
const HANDSHAKE_HEADER_LENGTH = 4;

/** 2^14 of plaintext and the 256 that TLS 1.3 allows a protected record (RFC 8446 section 5.2). */
const MAX_RECORD_LENGTH = 16_384 + 256;

/**
 * Largest ClientHello, handshake header included. Hellos with two post-quantum key shares are below 4 KiB, those with
 * large session tickets below 8; nginx and Envoy stop at the same 16 KiB. A record carries at least one byte under five
 * bytes of header, so that what a client can make the relay hold is six times this, 96 KiB, and one read.
 */
export const DEFAULT_MAX_HELLO_BYTES = 16_384;

/** The hello of a client without post-quantum key shares fits. Not zeroed: only what was written is ever read. */
const INITIAL_MESSAGE_BYTES = 512;

const NEED_MORE: HelloProgress = { state: "need_more" };

export class ClientHelloParser {
  readonly #maxHelloBytes: number;
  #recordHeaderFilled = 0;
  #recordLength = 0;
  #recordRemaining = 0;
  #isFirstRecord = true;
  #message: Uint8Array = Buffer.allocUnsafe(INITIAL_MESSAGE_BYTES);
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
    const position = this.#recordHeaderFilled++;
    if (position === 0 && byte !== CONTENT_TYPE_HANDSHAKE) this.#progress = this.#foreignRecord();
    // The minor version means nothing here (RFC 8446 section 5.1).
    else if (position === 1 && byte !== 3) this.#progress = this.#foreignRecord();
    else if (position === 3) this.#recordLength = byte << 8;
    else if (position === 4) this.#startRecord(this.#recordLength | byte);
    return 1;
  }

  #startRecord(length: number): void {
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
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#message.length));
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
