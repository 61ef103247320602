/**
 * Keeps the identity of what has not changed: a list or an index made anew from the same elements is given up for the one
 * before. All comparisons of incremental translation are by identity, so this is where they begin. Pure.
 */

/** `before` if it holds the same elements in the same order. */
export function stableList<T>(before: readonly T[] | undefined, now: readonly T[]): readonly T[] {
  if (before === undefined || before.length !== now.length) return now;
  return now.every((element, i) => element === before[i]) ? before : now;
}

/** An index over a list that is made anew only when the list is another. */
export class StableIndex<T, V> {
  readonly #build: (list: readonly T[], before: ReadonlyMap<string, V>) => ReadonlyMap<string, V>;
  #list: readonly T[] | undefined;
  #index: ReadonlyMap<string, V> = new Map();

  /** `build` may take values over from the index before. */
  constructor(build: (list: readonly T[], before: ReadonlyMap<string, V>) => ReadonlyMap<string, V>) {
    this.#build = build;
  }

  of(list: readonly T[]): ReadonlyMap<string, V> {
    if (list !== this.#list) {
      this.#index = this.#build(list, this.#index);
      this.#list = list;
    }
    return this.#index;
  }
}

/** Objects by one key each. */
export function uniqueIndex<T>(keyOf: (element: T) => string): StableIndex<T, T> {
  return new StableIndex((list) => new Map(list.map((element) => [keyOf(element), element])));
}

/** Objects by keys that several may share; the list of a key stays the same array while its elements do. */
export function groupIndex<T>(keysOf: (element: T) => Iterable<string>): StableIndex<T, readonly T[]> {
  return new StableIndex((list, before) => {
    const groups = new Map<string, T[]>();
    for (const element of list) {
      for (const key of keysOf(element)) {
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [element]);
        else group.push(element);
      }
    }
    const stable = new Map<string, readonly T[]>();
    for (const [key, group] of groups) stable.set(key, stableList(before.get(key), group));
    return stable;
  });
}
