/**
 * Memory that backends' sockets read into, instead of a new piece for each read: the processor's cache keeps what is used
 * again, and the garbage collector has nothing to do.
 *
 * All sockets share one buffer, and each chunk in it is copied out before the next read. A socket whose reads fill it gets a
 * buffer of its own for as long as they do, so that only short chunks are copied.
 */
import type { OnReadOpts } from "node:net";

/** In prototypes twice as much and half as much cost more for each gigabyte. */
const BUFFER_BYTES = 32_768;
/** A socket with longer reads than this is worth a buffer of its own. */
const SHORT_BYTES = 8_192;
/** Buffers that nobody uses; more are left to the garbage collector. */
const MOST_SPARE = 16;

/** What the sockets of one engine share. */
export class ReadBuffers {
  readonly shared = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #spare: Buffer[] = [];

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  giveBack(buffer: Buffer): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(buffer);
  }
}

/** One socket's. */
export class ReadBuffer {
  readonly #buffers: ReadBuffers;
  readonly #read: (bytes: Buffer) => void;
  /** Undefined: the shared one. */
  #own: Buffer | undefined;
  #isKept = false;
  #isBulk = false;
  /** Has Node asked for it? */
  isUsed = false;

  /** `read` is called for each read; `keep` must be called before it returns if the bytes are still needed then. */
  constructor(buffers: ReadBuffers, read: (bytes: Buffer) => void) {
    this.#buffers = buffers;
    this.#read = read;
  }

  /** For Node, which asks for the next buffer before the first read and after each. */
  get options(): OnReadOpts {
    return {
      buffer: () => this.#next(),
      callback: (count, bytes) => {
        this.#take(count, bytes as Buffer);
        return true;
      },
    };
  }

  /** The bytes are still needed: whoever writes them has not written all. */
  keep(): void {
    this.#isKept = true;
  }

  /** The socket reads no more. */
  release(): void {
    if (this.#own !== undefined && !this.#isKept) this.#buffers.giveBack(this.#own);
    this.#own = undefined;
  }

  #take(count: number, bytes: Buffer): void {
    this.#isBulk = count > SHORT_BYTES;
    this.#isKept = false;
    this.#read(this.#own === undefined ? copyOf(bytes, count) : bytes.subarray(0, count));
  }

  #next(): Buffer {
    this.isUsed = true;
    const own = this.#own;
    if (own !== undefined && (this.#isKept || !this.#isBulk)) {
      if (!this.#isKept) this.#buffers.giveBack(own);
      this.#own = undefined;
    }
    if (!this.#isBulk) return this.#buffers.shared;
    this.#own ??= this.#buffers.take();
    return this.#own;
  }
}

function copyOf(bytes: Buffer, count: number): Buffer {
  const copy = Buffer.allocUnsafe(count);
  bytes.copy(copy, 0, 0, count);
  return copy;
}
