/**
 * Puts a ClientHello together from the pieces that TCP segments and TLS records (RFC 8446 section 5.1) have made of it.
 *
 * Pure and resumable: each byte is looked at once. Lengths are judged when their header is complete, before anything they
 * announce is buffered. It keeps the message only.
 */
import type { HelloProgress } from "./client-hello.ts";
import { foreignProtocol, MAX_SIGNATURE_LENGTH } from "./foreign-protocol.ts";
import { readHelloMessage } from "./hello-message.ts";
import { refused } from "./hello-refusal.ts";
import {
  CONTENT_TYPE_HANDSHAKE,
  HANDSHAKE_HEADER_LENGTH,
  HANDSHAKE_TYPE_CLIENT_HELLO,
  MAX_RECORD_LENGTH,
  TLS_MAJOR_VERSION,
} from "./record-layer.ts";

/** The least there is room for, once there is a first byte of the message. Not zeroed: only what was written is ever read. */
const FEWEST_MESSAGE_BYTES = 64;
const NOTHING = new Uint8Array(0);

const FOREIGN_RECORD = "a record of another kind inside the ClientHello";

export const NEED_MORE: HelloProgress = Object.freeze({ state: "need_more" });

export class HelloReassembly {
  readonly #maxHelloBytes: number;
  /** The first bytes, once they are no TLS record. */
  #foreign: Uint8Array | undefined;
  #foreignFilled = 0;
  #recordHeaderFilled = 0;
  #recordLength = 0;
  #recordRemaining = 0;
  #isFirstRecord = true;
  #message: Uint8Array = NOTHING;
  #messageFilled = 0;
  #progress: HelloProgress = NEED_MORE;

  constructor(maxHelloBytes: number) {
    this.#maxHelloBytes = maxHelloBytes;
  }

  /** Takes the next bytes and answers for all of them so far. An answer other than `need_more` is final. */
  push(bytes: Uint8Array): HelloProgress {
    let offset = 0;
    while (offset < bytes.length && this.#progress.state === "need_more") {
      if (this.#recordRemaining > 0) offset += this.#readFragment(bytes, offset);
      else {
        const byte = bytes[offset++] ?? 0;
        this.#progress = this.#foreign === undefined ? this.#readRecordHeader(byte) : this.#readForeign(byte);
      }
    }
    return this.#progress;
  }

  /** One byte of a record header, judged as soon as it can be. */
  #readRecordHeader(byte: number): HelloProgress {
    switch (this.#recordHeaderFilled++) {
      case 0:
        if (byte === CONTENT_TYPE_HANDSHAKE) return NEED_MORE;
        return this.#isFirstRecord ? this.#readForeign(byte) : refused(FOREIGN_RECORD);
      case 1:
        if (byte === TLS_MAJOR_VERSION) return NEED_MORE;
        return refused(this.#isFirstRecord ? "no protocol that is known here" : FOREIGN_RECORD);
      case 2:
        // The minor version means nothing here (RFC 8446 section 5.1).
        return NEED_MORE;
      case 3:
        this.#recordLength = byte << 8;
        return NEED_MORE;
      default:
        return this.#startRecord(this.#recordLength | byte);
    }
  }

  #startRecord(length: number): HelloProgress {
    // RFC 8446 section 5.1: no zero-length handshake fragments; they would let a client send for ever.
    if (length === 0) return refused("a record without content");
    if (length > MAX_RECORD_LENGTH) return refused("a record longer than TLS allows");
    this.#recordRemaining = length;
    this.#recordHeaderFilled = 0;
    this.#isFirstRecord = false;
    return NEED_MORE;
  }

  #readForeign(byte: number): HelloProgress {
    this.#foreign ??= new Uint8Array(MAX_SIGNATURE_LENGTH);
    this.#foreign[this.#foreignFilled++] = byte;
    return foreignProtocol(this.#foreign, this.#foreignFilled) ?? NEED_MORE;
  }

  /** The part of a record's content that belongs to the message. Returns the number of bytes used. */
  #readFragment(bytes: Uint8Array, offset: number): number {
    const wanted = this.#messageLength() - this.#messageFilled;
    const count = Math.min(wanted, this.#recordRemaining, bytes.length - offset);
    this.#append(bytes, offset, offset + count);
    this.#recordRemaining -= count;
    this.#progress = this.#judge();
    return count;
  }

  #judge(): HelloProgress {
    if (this.#message[0] !== HANDSHAKE_TYPE_CLIENT_HELLO)
      return refused("the first handshake message is no ClientHello");
    if (this.#messageFilled < HANDSHAKE_HEADER_LENGTH) return NEED_MORE;
    const length = this.#messageLength();
    if (length > this.#maxHelloBytes) return refused("the ClientHello exceeds the limit");
    if (this.#messageFilled < length) return NEED_MORE;
    return readHelloMessage(this.#message, HANDSHAKE_HEADER_LENGTH, length);
  }

  /** Length of the message with its header; of the header alone while that is incomplete. */
  #messageLength(): number {
    if (this.#messageFilled < HANDSHAKE_HEADER_LENGTH) return HANDSHAKE_HEADER_LENGTH;
    const message = this.#message;
    return HANDSHAKE_HEADER_LENGTH + (((message[1] ?? 0) << 16) | ((message[2] ?? 0) << 8) | (message[3] ?? 0));
  }

  /** Grows by doubling with what really arrived, never to an announced length. */
  #append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#messageFilled + (end - start);
    if (needed > this.#message.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#message.length, FEWEST_MESSAGE_BYTES));
      grown.set(this.#message.subarray(0, this.#messageFilled));
      this.#message = grown;
    }
    this.#message.set(bytes.subarray(start, end), this.#messageFilled);
    this.#messageFilled = needed;
  }
}
