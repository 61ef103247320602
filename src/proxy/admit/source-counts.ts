/**
 * Counts connections by source in memory that threads share: each thread writes its own table and reads the tables of all.
 *
 * Pure apart from that memory. A table has 65,536 slots in buckets of eight. A slot has two words: a tag of 16 bits with a count of 16,
 * and the number of counted connections without a route. A slot is free when its count is 0. Only one thread writes a table, so that no
 * operation is retried, and the table of a thread that exited can be cleared. A source is not counted if its bucket is full.
 */
const SLOTS_PER_BUCKET = 8;
const BUCKETS = 8_192;
const WORDS_PER_SLOT = 2;
const WORDS_PER_BUCKET = SLOTS_PER_BUCKET * WORDS_PER_SLOT;
const WORDS_PER_TABLE = BUCKETS * WORDS_PER_BUCKET;
const MAX_COUNT = 0xffff;

/** Slot of a connection that is not counted. */
export const UNCOUNTED = -1;

export interface SourceTotals {
  readonly connections: number;
  /** Number of them without a route. */
  readonly unrouted: number;
}

/** Allocates memory for `parts` tables. Unused slots cost no memory. */
export function allocateSourceCounts(parts: number): SharedArrayBuffer {
  return new SharedArrayBuffer(parts * WORDS_PER_TABLE * Int32Array.BYTES_PER_ELEMENT);
}

/** Clears the table of a thread that exited. */
export function clearSourceCounts(memory: SharedArrayBuffer, part: number): void {
  new Int32Array(memory).fill(0, part * WORDS_PER_TABLE, (part + 1) * WORDS_PER_TABLE);
}

export class SourceCounts {
  readonly #words: Int32Array;
  readonly #own: number;

  /** `part`: the table that only this thread writes. */
  constructor(memory: SharedArrayBuffer, part: number) {
    this.#words = new Int32Array(memory);
    this.#own = part * WORDS_PER_TABLE;
  }

  /** Counts a connection without a route. Returns its slot, for the calls that follow. `hash`: 32 bits of the source. */
  add(hash: number): number {
    const slot = this.#findSlot(hash);
    if (slot === UNCOUNTED) return UNCOUNTED;
    const count = Atomics.load(this.#words, slot) & MAX_COUNT;
    if (count === MAX_COUNT) return UNCOUNTED;
    Atomics.store(this.#words, slot, ((hash >>> 16) << 16) | (count + 1));
    Atomics.add(this.#words, slot + 1, 1);
    return slot;
  }

  /** Called when a connection of this slot has its route. */
  onRouted(slot: number): void {
    if (slot !== UNCOUNTED) Atomics.sub(this.#words, slot + 1, 1);
  }

  /** Called when a connection of this slot is closed, after `onRouted`. */
  remove(slot: number): void {
    if (slot === UNCOUNTED) return;
    const word = Atomics.load(this.#words, slot);
    Atomics.store(this.#words, slot, (word & MAX_COUNT) === 1 ? 0 : word - 1);
  }

  /** Returns the number of connections of the source in all threads. */
  getTotals(hash: number): SourceTotals {
    const words = this.#words;
    const tag = hash >>> 16;
    let connections = 0;
    let unrouted = 0;
    for (let table = 0; table < words.length; table += WORDS_PER_TABLE) {
      const bucket = table + bucketStart(hash);
      for (let slot = bucket; slot < bucket + WORDS_PER_BUCKET; slot += WORDS_PER_SLOT) {
        const word = Atomics.load(words, slot);
        if (word >>> 16 !== tag || (word & MAX_COUNT) === 0) continue;
        connections += word & MAX_COUNT;
        unrouted += Atomics.load(words, slot + 1);
        break;
      }
    }
    return { connections, unrouted };
  }

  /** Returns the slot of this source in the own table, or a free one; UNCOUNTED if its bucket is full. */
  #findSlot(hash: number): number {
    const bucket = this.#own + bucketStart(hash);
    let free = UNCOUNTED;
    for (let slot = bucket; slot < bucket + WORDS_PER_BUCKET; slot += WORDS_PER_SLOT) {
      const word = Atomics.load(this.#words, slot);
      if ((word & MAX_COUNT) === 0) {
        if (free === UNCOUNTED) free = slot;
      } else if (word >>> 16 === hash >>> 16) return slot;
    }
    return free;
  }
}

function bucketStart(hash: number): number {
  return (hash & (BUCKETS - 1)) * WORDS_PER_BUCKET;
}
