/**
 * Limits the memory that all proxies together make the operator hold: lists of what they hold, until these are replaced by a shared
 * configuration, and their last reports. Pure counting.
 */

/** Twice what two proxies with 100,000 routes report at the same time. A third is admitted when one of them has its configuration. */
export const DEFAULT_BUDGET_BYTES = 128 * 1024 * 1024;

export class MemoryBudget {
  readonly #limit: number;
  #used = 0;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  reserve(): Reservation {
    return new Reservation((bytes) => {
      if (bytes > 0 && this.#used + bytes > this.#limit) return false;
      this.#used += bytes;
      return true;
    });
  }
}

/** The share of one proxy. */
export class Reservation {
  readonly #change: (bytes: number) => boolean;
  #bytes = 0;

  /** @param change adds to what is used, and returns false where that would exceed the limit */
  constructor(change: (bytes: number) => boolean) {
    this.#change = change;
  }

  /** Sets the share to so many bytes. Returns false, and changes nothing, where the limit would be exceeded. */
  resize(bytes: number): boolean {
    if (!this.#change(bytes - this.#bytes)) return false;
    this.#bytes = bytes;
    return true;
  }

  get bytes(): number {
    return this.#bytes;
  }

  release(): void {
    this.resize(0);
  }
}
