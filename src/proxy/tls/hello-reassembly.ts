/**
 * Finds a ClientHello that TLS records (RFC 8446 section 5.1) have divided into fragments.
 *
 * Pure and resumable: it inspects each byte once, and keeps lengths and positions only. The caller holds the bytes, and passes all
 * of them in each call. A length is checked when its header is complete. The fragments are joined when the last one is complete.
 */
import type { HelloProgress } from "./client-hello.ts";
import { foreignProtocol } from "./foreign-protocol.ts";
import { readHelloMessage } from "./hello-message.ts";
import { refused } from "./hello-refusal.ts";
import {
  CONTENT_TYPE_HANDSHAKE,
  HANDSHAKE_HEADER_LENGTH,
  HANDSHAKE_TYPE_CLIENT_HELLO,
  MAX_RECORD_LENGTH,
  RECORD_HEADER_LENGTH,
  TLS_MAJOR_VERSION,
} from "./record-layer.ts";

const FOREIGN_RECORD = "a record of another kind inside the ClientHello";

export const NEED_MORE: HelloProgress = Object.freeze({ state: "need_more" });

/** Bytes of a hello with its record headers, for each byte of the hello itself. See `MAX_FRAMED_HELLO_BYTES`. */
const FRAMED_BYTES_PER_HELLO_BYTE = 1.5;

/** Returns the maximum bytes of a hello of at most `maxHelloBytes` with its record headers. */
export function maxFramedBytes(maxHelloBytes: number): number {
  return Math.floor(maxHelloBytes * FRAMED_BYTES_PER_HELLO_BYTE);
}

export class HelloReassembly {
  readonly #maxHelloBytes: number;
  readonly #maxFramedBytes: number;
  /** Number of bytes inspected. */
  #position = 0;
  /** Reports whether the first bytes are something else than a TLS record. */
  #isForeign = false;
  #recordHeaderFilled = 0;
  #recordLength = 0;
  #recordRemaining = 0;
  #isFirstRecord = true;
  #messageFilled = 0;
  /** Length of the message with its header; of the header only while that is incomplete. */
  #messageLength = HANDSHAKE_HEADER_LENGTH;
  /** The length bytes of the handshake header that are read; at most three. */
  #bodyLength = 0;
  #progress: HelloProgress = NEED_MORE;

  constructor(maxHelloBytes: number) {
    this.#maxHelloBytes = maxHelloBytes;
    this.#maxFramedBytes = maxFramedBytes(maxHelloBytes);
  }

  /**
   * Returns the result for the first `length` of `bytes`, which are all bytes that the client has sent. A result other than
   * `need_more` is final.
   */
  read(bytes: Uint8Array, length: number): HelloProgress {
    const end = Math.min(length, this.#maxFramedBytes);
    while (this.#position < end && this.#progress.state === "need_more") {
      if (this.#recordRemaining > 0) this.#progress = this.#readFragment(bytes, end);
      else {
        const byte = bytes[this.#position++] ?? 0;
        this.#progress = this.#isForeign ? foreign(bytes, this.#position) : this.#readRecordHeader(bytes, byte);
      }
    }
    if (this.#position === this.#maxFramedBytes && this.#progress.state === "need_more") {
      this.#progress = refused("the ClientHello exceeds the limit with its record headers");
    }
    return this.#progress;
  }

  /** Reads one byte of a record header, and checks it as soon as possible. */
  #readRecordHeader(bytes: Uint8Array, byte: number): HelloProgress {
    switch (this.#recordHeaderFilled++) {
      case 0:
        if (byte === CONTENT_TYPE_HANDSHAKE) return NEED_MORE;
        if (!this.#isFirstRecord) return refused(FOREIGN_RECORD);
        this.#isForeign = true;
        return foreign(bytes, this.#position);
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
    // RFC 8446 section 5.1 forbids records without content. The backend refuses them: they do not change the name, and their headers
    // count. A record that is too long is refused here, because no TLS stack reads a name in it.
    if (length > MAX_RECORD_LENGTH) return refused("a record longer than TLS allows");
    this.#recordRemaining = length;
    this.#recordHeaderFilled = 0;
    this.#isFirstRecord = false;
    return NEED_MORE;
  }

  /** Skips the part of a record's content that belongs to the message. */
  #readFragment(bytes: Uint8Array, end: number): HelloProgress {
    if (this.#messageFilled < HANDSHAKE_HEADER_LENGTH) return this.#readHandshakeHeader(bytes[this.#position] ?? 0);
    const wanted = this.#messageLength - this.#messageFilled;
    this.#advance(Math.min(wanted, this.#recordRemaining, end - this.#position));
    return this.#completeMessage(bytes);
  }

  #readHandshakeHeader(byte: number): HelloProgress {
    this.#advance(1);
    if (this.#messageFilled === 1) {
      return byte === HANDSHAKE_TYPE_CLIENT_HELLO
        ? NEED_MORE
        : refused("the first handshake message is no ClientHello");
    }
    this.#bodyLength = (this.#bodyLength << 8) | byte;
    if (this.#messageFilled < HANDSHAKE_HEADER_LENGTH) return NEED_MORE;
    this.#messageLength = HANDSHAKE_HEADER_LENGTH + this.#bodyLength;
    if (this.#messageLength > this.#maxHelloBytes) return refused("the ClientHello exceeds the limit");
    // A message without a body is complete with its header.
    return this.#bodyLength === 0 ? readHelloMessage(NOTHING, 0, 0) : NEED_MORE;
  }

  #advance(count: number): void {
    this.#position += count;
    this.#recordRemaining -= count;
    this.#messageFilled += count;
  }

  #completeMessage(bytes: Uint8Array): HelloProgress {
    if (this.#messageFilled < this.#messageLength) return NEED_MORE;
    return readHelloMessage(joinFragments(bytes, this.#messageLength), HANDSHAKE_HEADER_LENGTH, this.#messageLength);
  }
}

const NOTHING = new Uint8Array(0);

/** Returns the result for first bytes that are not a TLS handshake record. */
function foreign(bytes: Uint8Array, length: number): HelloProgress {
  return foreignProtocol(bytes, length) ?? NEED_MORE;
}

/** Returns the first `length` bytes of the records' contents. All records that hold them are complete and checked. */
function joinFragments(bytes: Uint8Array, length: number): Uint8Array {
  const message = Buffer.allocUnsafe(length);
  let record = 0;
  for (let filled = 0; filled < length; ) {
    const start = record + RECORD_HEADER_LENGTH;
    const recordLength = ((bytes[record + 3] ?? 0) << 8) | (bytes[record + 4] ?? 0);
    const count = Math.min(recordLength, length - filled);
    message.set(bytes.subarray(start, start + count), filled);
    filled += count;
    record = start + recordLength;
  }
  return message;
}
