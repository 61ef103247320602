/**
 * Counts the connections of each backend, for all threads of a proxy together, and rejects those above the cap: one backend that
 * does not close its connections, or a loop that no address shows, must leave room for the others.
 *
 * The counters are in shared memory: a row for each thread, a column for each backend, chosen by a hash of its name with a secret seed.
 * A thread changes its own row and reads all. Two backends of one column share its cap; with 1,000 backends that is one in sixteen, and
 * matters only if both together are near the cap. The check and the increment are not one step: threads may exceed the cap by one each.
 */
import { hash32 } from "../balance/hash.ts";

const encoder = new TextEncoder();
/** Columns of a row; 64 KiB of memory for each thread. */
const COLUMNS = 16_384;

export interface SharedBackendCounts {
  /** Rows of COLUMNS counters. */
  readonly counts: Int32Array;
  /** Largest number of connections of one backend, until `setLimit`. */
  readonly limit: number;
  /** Random, 32 bits: otherwise a name could be chosen that shares another backend's column. */
  readonly seed: number;
}

export function createBackendCounts(rows: number, limit: number, seed: number): SharedBackendCounts {
  return { counts: new Int32Array(new SharedArrayBuffer(4 * COLUMNS * rows)), limit, seed };
}

/** Of a thread that has ended: its connections are closed. */
export function clearBackendCounts({ counts }: SharedBackendCounts, row: number): void {
  for (let index = row * COLUMNS; index < (row + 1) * COLUMNS; index++) Atomics.store(counts, index, 0);
}

/** Given back by `release`. */
export type BackendSlot = number;

export class BackendConnections {
  readonly #shared: SharedBackendCounts;
  readonly #first: number;
  #limit: number;
  /** By the name's owner: a decision's path is the same object while the configuration is. */
  readonly #columns = new WeakMap<{ readonly backend?: string }, number>();

  constructor(shared: SharedBackendCounts, row: number) {
    this.#shared = shared;
    this.#first = row * COLUMNS;
    this.#limit = shared.limit;
  }

  /** Changes the cap, for this thread. Connections above a lower one stay. */
  setLimit(limit: number): void {
    this.#limit = limit;
  }

  /** Counts one more connection of the backend that the path names; undefined: the backend has as many as it may. */
  tryAcquire(path: { readonly backend?: string }): BackendSlot | undefined {
    const column = this.#columnOf(path);
    const { counts } = this.#shared;
    let sum = 0;
    for (let index = column; index < counts.length; index += COLUMNS) sum += Atomics.load(counts, index);
    if (sum >= this.#limit) return undefined;
    Atomics.add(counts, this.#first + column, 1);
    return column;
  }

  release(slot: BackendSlot): void {
    Atomics.sub(this.#shared.counts, this.#first + slot, 1);
  }

  #columnOf(path: { readonly backend?: string }): number {
    const known = this.#columns.get(path);
    if (known !== undefined) return known;
    const column = hash32(encoder.encode(path.backend ?? ""), this.#shared.seed) % COLUMNS;
    this.#columns.set(path, column);
    return column;
  }
}
