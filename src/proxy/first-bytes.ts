/**
 * Holds what a client has sent before its backend has it: once, in order, in one buffer that grows.
 *
 * While a hello is incomplete the buffer is never larger than a hello may be, so that thousands of slow clients have a known price.
 * Buffers are its own and not pieces of Node's pool: one piece would keep 64 KiB of that alive.
 */
import { MAX_FRAMED_HELLO_BYTES } from "./tls/hello-parser.ts";

/** Size of the first buffer. A buffer costs some 200 bytes besides, whatever its size. */
const MIN_BUFFER_BYTES = 64;

const NOTHING = Buffer.alloc(0);

export class FirstBytes {
  #buffer: Buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The buffer. Its first `length` bytes are those of the client, and valid until the next call of `append`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Copies `count` bytes of `source` behind those that are here. */
  append(source: Uint8Array, count: number): void {
    const needed = this.#length + count;
    if (needed > this.#buffer.length) {
      this.#buffer = grow(this.#buffer, bufferBytes(needed, this.#buffer.length));
    }
    this.#buffer.set(count === source.length ? source : source.subarray(0, count), this.#length);
    this.#length = needed;
  }

  /** As `append`, of a chunk that nobody else writes to. The first one is kept as it is where it has a buffer of its own. */
  take(chunk: Buffer): void {
    if (this.#length === 0 && chunk.length >= MIN_BUFFER_BYTES && chunk.length === chunk.buffer.byteLength) {
      this.#buffer = chunk;
      this.#length = chunk.length;
    } else {
      this.append(chunk, chunk.length);
    }
  }

  /** Forgets the first `count` bytes, and holds no more memory than the rest needs. */
  drop(count: number): void {
    const rest = this.#buffer.subarray(count, this.#length);
    this.clear();
    if (rest.length > 0) this.append(rest, rest.length);
  }

  /** Holds nothing from now on. What was read from `buffer` before stays valid. */
  clear(): void {
    this.#buffer = NOTHING;
    this.#length = 0;
  }
}

/** Moves the bytes to a buffer of `capacity`. The memory of the old one is free at once, and does not wait for the garbage collector. */
function grow({ buffer, length }: Buffer, capacity: number): Buffer {
  if (length === 0 || buffer instanceof SharedArrayBuffer) return Buffer.allocUnsafeSlow(capacity);
  return Buffer.from(buffer.transfer(capacity));
}

/** Doubles, so that single bytes are not copied again and again, and ends at the largest hello if that is enough. */
function bufferBytes(needed: number, present: number): number {
  const doubled = Math.max(needed, 2 * present, MIN_BUFFER_BYTES);
  return needed <= MAX_FRAMED_HELLO_BYTES ? Math.min(doubled, MAX_FRAMED_HELLO_BYTES) : doubled;
}
