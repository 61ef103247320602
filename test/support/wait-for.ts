/**
 * Waits for something that becomes true by itself. Owns the polling; never swallows the last reason.
 */
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 100;

/**
 * Calls `probe` until it gives something other than false, null or undefined, and gives that back. A probe that throws
 * counts as not yet; when the time is over, the last exception is the cause of the error.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const found = await probe();
      if (isThere(found)) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(POLL_MS);
  } while (performance.now() < deadline);
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause });
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
