/**
 * Queues descriptors whose work continues in the next loop iteration. Holds one entry for each use of a descriptor, so that no
 * connection is served more often than another. Pure.
 */

const NO_ENTRIES: readonly number[] = [];

export class RequeuedDescriptors {
  /** Indexed by descriptor: whether the use in `#generations` is in the queue. */
  readonly #isQueued: Uint8Array;
  readonly #generations: Int32Array;
  /** Descriptors in order of arrival, each followed by its generation. */
  #entries: number[] = [];

  /** `capacity`: descriptors are 0 … capacity − 1. */
  constructor(capacity: number) {
    this.#isQueued = new Uint8Array(capacity);
    this.#generations = new Int32Array(capacity);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Reports whether the entry has been added and not removed. */
  has(fd: number, generation: number): boolean {
    return this.#isQueued[fd] === 1 && this.#generations[fd] === generation;
  }

  /** Does nothing if the queue has the entry. An entry of an earlier generation stays, and has no owner. */
  add(fd: number, generation: number): void {
    if (this.has(fd, generation)) return;
    this.#isQueued[fd] = 1;
    this.#generations[fd] = generation;
    this.#entries.push(fd, generation);
  }

  /** Returns all entries and starts an empty list. Each returned entry counts as queued until `remove`. */
  startIteration(): readonly number[] {
    if (this.isEmpty) return NO_ENTRIES;
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  remove(fd: number, generation: number): void {
    if (this.has(fd, generation)) this.#isQueued[fd] = 0;
  }
}
