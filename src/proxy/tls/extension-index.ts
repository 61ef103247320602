/**
 * Which extensions a hello has, and where the data of those with a low number lies.
 *
 * Constant time for each, whatever the client sends: 4,000 types that no list of known ones has would fit into a hello. A
 * stamp for each of the 65,536 possible types says in which hello it was seen last, so that nothing is to be cleared.
 */
const TYPES = 0x10000;
const LAST_STAMP = 0xffff;

/** What is looked into has a lower number, and so has most of what is registered. */
const LOW_TYPES = 64;

export class ExtensionIndex {
  readonly #stamps = new Uint16Array(TYPES);
  readonly #starts = new Uint32Array(LOW_TYPES);
  readonly #ends = new Uint32Array(LOW_TYPES);
  #stamp = 0;

  /** Begins the next hello. */
  clear(): void {
    if (this.#stamp === LAST_STAMP) {
      this.#stamps.fill(0);
      this.#stamp = 0;
    }
    this.#stamp++;
  }

  /** Answers false if this hello had the type already. */
  add(type: number, start: number, end: number): boolean {
    if (this.has(type)) return false;
    this.#stamps[type] = this.#stamp;
    if (type < LOW_TYPES) {
      this.#starts[type] = start;
      this.#ends[type] = end;
    }
    return true;
  }

  has(type: number): boolean {
    return this.#stamps[type] === this.#stamp;
  }

  /** Where the data of a type below 64 begins; 0, as its end, if there is none. */
  start(type: number): number {
    return this.has(type) ? (this.#starts[type] ?? 0) : 0;
  }

  end(type: number): number {
    return this.has(type) ? (this.#ends[type] ?? 0) : 0;
  }
}
