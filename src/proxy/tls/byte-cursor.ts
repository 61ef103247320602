/**
 * The one place that reads lengths from the wire: a cursor that never leaves its bytes.
 *
 * A read past the end makes the cursor fail for good and yields zeros or nothing, so that a parser reads straight on and
 * asks `ok` once before it answers. Never throws, never copies.
 */
const NOTHING = new Uint8Array(0);

export class ByteCursor {
  readonly #bytes: Uint8Array;
  #position = 0;
  #ok = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** False once a read went past the end. */
  get ok(): boolean {
    return this.#ok;
  }

  /** Bytes left to read; none once the cursor has failed. */
  get remaining(): number {
    return this.#ok ? this.#bytes.length - this.#position : 0;
  }

  /** Has everything been read, and nothing beyond? */
  get atEnd(): boolean {
    return this.#ok && this.remaining === 0;
  }

  uint8(): number {
    return this.take(1)[0] ?? 0;
  }

  uint16(): number {
    const [high = 0, low = 0] = this.take(2);
    return (high << 8) | low;
  }

  /** The next `length` bytes, in place. */
  take(length: number): Uint8Array {
    if (!this.#ok || length > this.#bytes.length - this.#position) {
      this.#ok = false;
      return NOTHING;
    }
    const start = this.#position;
    this.#position += length;
    return this.#bytes.subarray(start, this.#position);
  }

  /** A TLS vector with a one-byte length, `opaque<..2^8-1>` (RFC 8446 section 3.4). */
  vector8(): Uint8Array {
    return this.take(this.uint8());
  }

  /** A TLS vector with a two-byte length, `opaque<..2^16-1>`. */
  vector16(): Uint8Array {
    return this.take(this.uint16());
  }
}
