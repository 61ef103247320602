/** How coarse deadlines are: a part of the shortest time-out, and in production, where that is 250 ms, 50 ms. Pure. */
import type { TimeOuts } from "../relay/time-outs.ts";

const LONGEST_TICK_MS = 100;
const SHORTEST_TICK_MS = 10;
const TICKS_OF_THE_SHORTEST = 5;

export function tickMs(timeOuts: TimeOuts): number {
  const shortest = Math.min(...Object.values<number>({ ...timeOuts }));
  return Math.min(Math.max(shortest / TICKS_OF_THE_SHORTEST, SHORTEST_TICK_MS), LONGEST_TICK_MS);
}
