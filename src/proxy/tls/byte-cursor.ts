/**
 * The one place that reads lengths from the wire: a cursor that never leaves the bytes it was given, nor the vector it
 * is in.
 *
 * A read past the end makes the cursor fail for good: it yields zeros, nothing remains, and a parser reads straight on
 * and asks `ok` once before it answers. Never throws, never copies, allocates nothing: vectors are opened in place.
 */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  #position: number;
  #end: number;
  #ok = true;

  /** Reads `bytes` from `start` up to `end`, which must lie within them. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** False once a read went past the end. */
  get ok(): boolean {
    return this.#ok;
  }

  /** Index in the bytes of what is read next. */
  get position(): number {
    return this.#position;
  }

  /** Bytes left in the vector that is open; none once the cursor has failed. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** Has everything been read, and nothing beyond? */
  get atEnd(): boolean {
    return this.#ok && this.#position === this.#end;
  }

  uint8(): number {
    if (this.#position >= this.#end) return this.#fail();
    return this.#bytes[this.#position++] ?? 0;
  }

  uint16(): number {
    if (this.#end - this.#position < 2) return this.#fail();
    const position = this.#position;
    this.#position = position + 2;
    return ((this.#bytes[position] ?? 0) << 8) | (this.#bytes[position + 1] ?? 0);
  }

  skip(length: number): void {
    if (length > this.#end - this.#position) this.#fail();
    else this.#position += length;
  }

  /**
   * Enters a TLS vector with a one-byte length, `opaque<..2^8-1>` (RFC 8446 section 3.4): from now on it is all there is.
   * The answer is for `close`.
   */
  open8(): number {
    return this.#open(this.uint8());
  }

  /** Enters a TLS vector with a two-byte length, `opaque<..2^16-1>`. */
  open16(): number {
    return this.#open(this.uint16());
  }

  /** Goes behind the vector that is open, read to its end or not. `outer`: what opening it has answered. */
  close(outer: number): void {
    this.#position = this.#end;
    if (this.#ok) this.#end = outer;
  }

  #open(length: number): number {
    const outer = this.#end;
    if (length > outer - this.#position) this.#fail();
    else this.#end = this.#position + length;
    return outer;
  }

  #fail(): number {
    this.#ok = false;
    this.#end = this.#position;
    return 0;
  }
}
