/**
 * Counts the connections of each backend over all threads of a proxy, and rejects connections above the limit. A backend that does
 * not close its connections, or a loop that no address reveals, must leave capacity for the others.
 *
 * The counters are in shared memory: a row for each thread, a column for each backend, chosen by a hash of its name with a secret seed.
 * A thread changes its own row and reads all. Two backends in one column share the limit. With 1,000 backends that affects one in
 * sixteen, and only if both together are near the limit. The check and the increment are two steps: each thread may exceed it by one.
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
  /** 32 random bits. Without them a tenant could choose a name that shares another backend's column. */
  readonly seed: number;
}

export function createBackendCounts(rows: number, limit: number, seed: number): SharedBackendCounts {
  return { counts: new Int32Array(new SharedArrayBuffer(4 * COLUMNS * rows)), limit, seed };
}

/** Clears the row of a thread that has exited: its connections are closed. */
export function clearBackendCounts({ counts }: SharedBackendCounts, row: number): void {
  for (let index = row * COLUMNS; index < (row + 1) * COLUMNS; index++) Atomics.store(counts, index, 0);
}

/** Released by `release`. */
export type BackendSlot = number;

export class BackendConnections {
  readonly #shared: SharedBackendCounts;
  readonly #first: number;
  #limit: number;
  /** Indexed by the owner of the name: a decision's path is the same object while the configuration is. */
  readonly #columns = new WeakMap<{ readonly backend?: string }, number>();

  constructor(shared: SharedBackendCounts, row: number) {
    this.#shared = shared;
    this.#first = row * COLUMNS;
    this.#limit = shared.limit;
  }

  /** Changes the limit of this thread. Connections above a lower limit stay. */
  setLimit(limit: number): void {
    this.#limit = limit;
  }

  /** Counts another connection of the backend in the path; undefined: the backend has reached its limit. */
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
