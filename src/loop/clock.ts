/**
 * Time as the operator's parts see it, so that tests can own it. Two clocks: a monotonic one for waiting and deadlines,
 * and the wall clock for what is written into objects; the first never follows the second when it is set.
 */
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Monotonic, in ms, from an arbitrary start. */
  nowMs(): number;
  /** The time of day. */
  wallTime(): Date;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallTime: () => new Date(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};
