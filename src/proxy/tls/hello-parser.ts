/**
 * Finds the ClientHello in a client's first bytes, in whatever portions they come.
 *
 * Pure. A hello that is whole in its first record, as nearly all are, is read where it lies; any other is put together by
 * `HelloReassembly`. The answers are the same (a property test holds the two together). It keeps no bytes: the caller holds them once,
 * to forward them, and passes all of them in each call.
 */
import type { HelloProgress } from "./client-hello.ts";
import { readHelloMessage } from "./hello-message.ts";
import { HelloReassembly, maxFramedBytes, NEED_MORE } from "./hello-reassembly.ts";
import {
  CONTENT_TYPE_HANDSHAKE,
  HANDSHAKE_HEADER_LENGTH,
  HANDSHAKE_TYPE_CLIENT_HELLO,
  MAX_RECORD_LENGTH,
  RECORD_HEADER_LENGTH,
  TLS_MAJOR_VERSION,
} from "./record-layer.ts";

/**
 * Largest ClientHello, handshake header included. Hellos with two post-quantum key shares are below 4 KiB, those with
 * large session tickets below 8; nginx and Envoy stop at the same 16 KiB.
 */
export const DEFAULT_MAX_HELLO_BYTES = 16_384;

/**
 * The most bytes of a client that are held while its hello is incomplete, 24 KiB: the largest hello and half as much for record
 * headers. A record of one byte takes six, so that a hello of 4 KiB fits in records of one byte, twice what clients in use send.
 */
export const MAX_FRAMED_HELLO_BYTES = maxFramedBytes(DEFAULT_MAX_HELLO_BYTES);

/**
 * Returns the result for the first `length` of `bytes`, which are all bytes that the client has sent. After `need_more` it is called
 * again with more. The result does not refer to `bytes`, which may be overwritten.
 *
 * It keeps nothing between calls: for a hello that comes in many pieces `ClientHelloParser` costs less.
 */
export function readHello(
  bytes: Uint8Array,
  length: number,
  maxHelloBytes: number = DEFAULT_MAX_HELLO_BYTES,
): HelloProgress {
  return readFirstRecord(bytes, length, maxHelloBytes) ?? new HelloReassembly(maxHelloBytes).read(bytes, length);
}

/** Like `readHello`, but inspects each byte of a hello in many pieces only once. */
export class ClientHelloParser {
  readonly #maxHelloBytes: number;
  #reassembly: HelloReassembly | undefined;
  #progress: HelloProgress = NEED_MORE;

  constructor(maxHelloBytes: number = DEFAULT_MAX_HELLO_BYTES) {
    this.#maxHelloBytes = maxHelloBytes;
  }

  /**
   * `bytes` contain the bytes of the previous call, and the bytes received since. A result other than `need_more` is final: later
   * calls return it and read nothing.
   */
  read(bytes: Uint8Array, length: number): HelloProgress {
    if (this.#progress.state === "need_more") this.#progress = this.#readNext(bytes, length);
    return this.#progress;
  }

  #readNext(bytes: Uint8Array, length: number): HelloProgress {
    const whole = readFirstRecord(bytes, length, this.#maxHelloBytes);
    if (whole !== undefined) return whole;
    this.#reassembly ??= new HelloReassembly(this.#maxHelloBytes);
    return this.#reassembly.read(bytes, length);
  }
}

/** The answer if the message is to end within the first record; undefined for anything else, be it legal or not. */
function readFirstRecord(bytes: Uint8Array, length: number, maxHelloBytes: number): HelloProgress | undefined {
  const bodyStart = RECORD_HEADER_LENGTH + HANDSHAKE_HEADER_LENGTH;
  if (length < bodyStart) return undefined;
  if (bytes[0] !== CONTENT_TYPE_HANDSHAKE || bytes[1] !== TLS_MAJOR_VERSION) return undefined;
  if (bytes[RECORD_HEADER_LENGTH] !== HANDSHAKE_TYPE_CLIENT_HELLO) return undefined;
  const recordLength = ((bytes[3] ?? 0) << 8) | (bytes[4] ?? 0);
  const bodyLength = ((bytes[6] ?? 0) << 16) | ((bytes[7] ?? 0) << 8) | (bytes[8] ?? 0);
  const messageLength = HANDSHAKE_HEADER_LENGTH + bodyLength;
  if (recordLength > MAX_RECORD_LENGTH || messageLength > recordLength || messageLength > maxHelloBytes)
    return undefined;
  const bodyEnd = bodyStart + bodyLength;
  return bodyEnd > length ? NEED_MORE : readHelloMessage(bytes, bodyStart, bodyEnd);
}
