/**
 * Shares each page of the admin port that any peer may read among its callers for one second. A page queries every worker of the
 * data plane, and its cost must not grow with the number of callers.
 */
import { shareReading } from "./shared-reading.ts";

/** Prometheus scrapes every 15 s or less often, so that two scrapes never need different readings. */
const MAX_AGE_MS = 1_000;
/** Exceeds the number of Gateways of any process. A caller with invented queries only shares fewer readings. */
const MAX_READINGS = 64;

type Read<T> = (query: URLSearchParams) => Promise<T>;

export class SharedPages<T> {
  readonly #readings = new Map<string, () => Promise<T>>();

  /** Reads a page. Queries with the same first value of each parameter share a reading. */
  read(path: string, query: URLSearchParams, read: Read<T>): Promise<T> {
    const canonical = canonicalQuery(query);
    const key = `${path}?${canonical}`;
    const reading = this.#readings.get(key) ?? shareReading(() => read(canonical), MAX_AGE_MS);
    this.#readings.delete(key);
    this.#readings.set(key, reading);
    const [oldest] = this.#readings.keys();
    if (this.#readings.size > MAX_READINGS && oldest !== undefined) this.#readings.delete(oldest);
    return reading();
  }
}

function canonicalQuery(query: URLSearchParams): URLSearchParams {
  const names = [...new Set(query.keys())].sort();
  return new URLSearchParams(names.map((name) => [name, query.get(name) ?? ""]));
}
