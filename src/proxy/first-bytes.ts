/**
 * Buffers the bytes that a client has sent before its backend receives them: once, in order, in one buffer that grows.
 *
 * While a hello is incomplete the buffer is at most as large as a hello may be, so that the memory of thousands of slow clients is
 * bounded. Buffers are not slices of Node's pool, because one slice would keep 64 KiB of the pool allocated.
 */
import { MAX_FRAMED_HELLO_BYTES } from "./tls/hello-parser.ts";

/** Size of the first buffer. Each buffer costs about 200 bytes in addition to its size. */
const MIN_BUFFER_BYTES = 64;

const NOTHING = Buffer.alloc(0);

export class FirstBytes {
  #buffer: Buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The buffer. Its first `length` bytes are the client's, and valid until the next call of `append`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Appends `count` bytes of `source`. */
  append(source: Uint8Array, count: number): void {
    const needed = this.#length + count;
    if (needed > this.#buffer.length) {
      this.#buffer = grow(this.#buffer, bufferBytes(needed, this.#buffer.length));
    }
    this.#buffer.set(count === source.length ? source : source.subarray(0, count), this.#length);
    this.#length = needed;
  }

  /** Appends a chunk that is not modified later. Keeps the first chunk without a copy if it has a buffer of its own. */
  take(chunk: Buffer): void {
    if (this.#length === 0 && chunk.length >= MIN_BUFFER_BYTES && chunk.length === chunk.buffer.byteLength) {
      this.#buffer = chunk;
      this.#length = chunk.length;
    } else {
      this.append(chunk, chunk.length);
    }
  }

  /** Removes the first `count` bytes, and keeps no more memory than the rest needs. */
  drop(count: number): void {
    const rest = this.#buffer.subarray(count, this.#length);
    this.clear();
    if (rest.length > 0) this.append(rest, rest.length);
  }

  /** Removes all bytes. Bytes that were read from `buffer` before stay valid. */
  clear(): void {
    this.#buffer = NOTHING;
    this.#length = 0;
  }
}

/** Moves the bytes to a buffer of `capacity`. The old memory is free immediately, before garbage collection. */
function grow({ buffer, length }: Buffer, capacity: number): Buffer {
  if (length === 0 || buffer instanceof SharedArrayBuffer) return Buffer.allocUnsafeSlow(capacity);
  return Buffer.from(buffer.transfer(capacity));
}

/** Doubles the size, so that single bytes are not copied repeatedly, up to the largest hello if that is enough. */
function bufferBytes(needed: number, present: number): number {
  const doubled = Math.max(needed, 2 * present, MIN_BUFFER_BYTES);
  return needed <= MAX_FRAMED_HELLO_BYTES ? Math.min(doubled, MAX_FRAMED_HELLO_BYTES) : doubled;
}
