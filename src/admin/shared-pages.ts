/**
 * Reads of the admin port that any peer may ask for, each shared among callers for a second: a page asks every worker of the data
 * plane, which must not cost more because many ask.
 */
import { shareReading } from "./shared-reading.ts";

/** Prometheus scrapes every 15 s or less often: no two scrapes need different readings. */
const MAX_AGE_MS = 1_000;
/** More than the Gateways of any process. A caller that invents queries pays by sharing less. */
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
