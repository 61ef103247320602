/**
 * What a client has sent before its backend is there, when it did not come in one read: kept once, in order.
 *
 * One buffer that doubles: a ClientHello in one-byte segments must not become a hundred thousand small objects. Its size is
 * bounded by the parser, which refuses what is too long.
 */
export class HeadBytes {
  #bytes: Uint8Array = new Uint8Array(0);
  #filled = 0;

  /** Copies them: the buffer that they are in is used again. */
  push(bytes: Uint8Array): void {
    const needed = this.#filled + bytes.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#filled));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#filled);
    this.#filled = needed;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#filled);
  }
}
