/**
 * Maglev's look-up table (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4):
 * a hash leads to a slot, a slot to an endpoint. Every endpoint has nearly as many slots, and when one comes or goes
 * few slots change hands that need not. Pure: proxies that have the same endpoints have the same table.
 */
import { hash32 } from "./hash.ts";

/** The paper's prime for up to some 650 endpoints, at which shares differ by less than two per cent; 256 KiB of memory. */
export const MAGLEV_SLOTS = 65_537;

const SEED_OFFSET = 0x9e3779b9;
const SEED_SKIP = 0x7f4a7c15;
const FREE = -1;

/** Index into `names` for each slot. `names`: at least one and no more than slots, each once, in any order. */
export function maglevTable(names: readonly string[], slots: number = MAGLEV_SLOTS): Int32Array {
  const encoder = new TextEncoder();
  // Endpoints take their turns by name, so that the order in which they are listed makes no difference.
  const order = names
    .map((_, index) => index)
    .sort((one, other) => ((names[one] ?? "") < (names[other] ?? "") ? -1 : 1));
  const hashed = order.map((index) => encoder.encode(names[index] ?? ""));
  const next = Uint32Array.from(hashed, (bytes) => hash32(bytes, SEED_OFFSET) % slots);
  const skip = Uint32Array.from(hashed, (bytes) => (hash32(bytes, SEED_SKIP) % (slots - 1)) + 1);
  const table = new Int32Array(slots).fill(FREE);
  for (let filled = 0, turn = 0; filled < slots; filled++, turn = (turn + 1) % order.length) {
    const step = skip[turn] ?? 1;
    let slot = next[turn] ?? 0;
    // The number of slots is a prime: whatever the step, every slot is reached.
    while (table[slot] !== FREE) {
      slot += step;
      if (slot >= slots) slot -= slots;
    }
    table[slot] = order[turn] ?? 0;
    next[turn] = (slot + step) % slots;
  }
  return table;
}
