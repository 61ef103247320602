/**
 * Waiting for the machine to be left alone: before a sample, and to take a disturbed one anew. All waiting of a run comes out
 * of one purse, so that a busy machine makes a run longer by so much and no more.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { busySeconds } from "./usage.ts";

/** More of one processor than this, taken by strangers, and a sample counts as disturbed. */
export const TOLERATED_FOREIGN_CORES = 0.25;

const LOOK_MS = 150;
/** At a time; then the sample is taken as things are. */
const LONGEST_WAIT_MS = 8_000;

export class Patience {
  #leftMs: number;

  constructor(seconds: number) {
    this.#leftMs = seconds * 1000;
  }

  get exhausted(): boolean {
    return this.#leftMs <= 0;
  }

  /** Does the work at the cost of patience. */
  async spend<Value>(work: () => Promise<Value>): Promise<Value> {
    const startedAtMs = performance.now();
    try {
      return await work();
    } finally {
      this.#leftMs -= performance.now() - startedAtMs;
    }
  }

  /** Resolves once nobody else uses the machine; at once where there is no patience left. To be called between loads. */
  async untilCalm(): Promise<void> {
    if (this.exhausted) return;
    await this.spend(async () => {
      const deadlineMs = performance.now() + Math.min(this.#leftMs, LONGEST_WAIT_MS);
      while (performance.now() < deadlineMs && (await foreignCores()) > TOLERATED_FOREIGN_CORES);
    });
  }
}

/** What runs while the bench itself does nothing. */
async function foreignCores(): Promise<number> {
  const [busy, atMs] = [busySeconds(), performance.now()];
  await sleep(LOOK_MS);
  return (busySeconds() - busy) / ((performance.now() - atMs) / 1000);
}
