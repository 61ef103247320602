/** Several values under one key; most keys have one value only, and that costs no more than a map's entry. */

export class Multimap<K, V extends object> {
  readonly #entries = new Map<K, V | Set<V>>();

  get(key: K): Iterable<V> {
    const found = this.#entries.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? found : [found];
  }

  keys(): Iterable<K> {
    return this.#entries.keys();
  }

  add(key: K, value: V): void {
    const found = this.#entries.get(key);
    if (found === undefined) this.#entries.set(key, value);
    else if (found instanceof Set) found.add(value);
    else if (found !== value) this.#entries.set(key, new Set([found, value]));
  }

  delete(key: K, value: V): void {
    const found = this.#entries.get(key);
    if (found instanceof Set) found.delete(value);
    if (found === value || (found instanceof Set && found.size === 0)) this.#entries.delete(key);
  }
}
