/**
 * Objects by key, kept from one snapshot to the next, with word of which keys have other objects than before. All comparisons
 * are by identity: an object that changed is another object.
 */

import { sameElements } from "./same.ts";

const UNCHANGED: ReadonlySet<string> = new Set();

export class GroupIndex<T> {
  readonly #keysOf: (element: T) => readonly string[];
  #list: readonly T[] = [];
  #groups = new Map<string, readonly T[]>();

  /** Several objects may share a key, and an object may have several. */
  constructor(keysOf: (element: T) => readonly string[]) {
    this.#keysOf = keysOf;
  }

  /** In the order of the list. The array of a key is the same while its elements are. */
  get(key: string): readonly T[] | undefined {
    return this.#groups.get(key);
  }

  /** Takes the next list in. @returns the keys whose objects have changed. */
  update(list: readonly T[]): ReadonlySet<string> {
    if (list === this.#list) return UNCHANGED;
    const changed = this.#replaceInPlace(list) ?? this.#rebuild(list);
    this.#list = list;
    return changed;
  }

  /** The common case: some objects are others now, at the same places and under the same keys, and new ones come last. */
  #replaceInPlace(list: readonly T[]): ReadonlySet<string> | undefined {
    const old = this.#list;
    if (old.length > list.length) return undefined;
    const replaced: [T, T][] = [];
    for (let i = 0; i < old.length; i++) {
      const [before, now] = [old[i] as T, list[i] as T];
      if (before === now) continue;
      if (!sameKeys(this.#keysOf(before), this.#keysOf(now))) return undefined;
      replaced.push([before, now]);
    }
    const changed = new Set<string>();
    for (const [before, now] of replaced) {
      for (const key of this.#keysOf(now)) {
        const group = this.#groups.get(key) ?? [];
        this.#groups.set(key, group.with(group.indexOf(before), now));
        changed.add(key);
      }
    }
    for (const added of list.slice(old.length)) {
      for (const key of this.#keysOf(added)) {
        this.#groups.set(key, [...(this.#groups.get(key) ?? []), added]);
        changed.add(key);
      }
    }
    return changed;
  }

  #rebuild(list: readonly T[]): ReadonlySet<string> {
    const before = this.#groups;
    const now = new Map<string, readonly T[]>();
    for (const element of list) {
      for (const key of this.#keysOf(element)) {
        const group = now.get(key);
        if (group === undefined) now.set(key, [element]);
        else (group as T[]).push(element);
      }
    }
    this.#groups = now;
    const changed = new Set([...before.keys()].filter((key) => !now.has(key)));
    for (const [key, group] of now) {
      const kept = before.get(key);
      if (kept !== undefined && sameElements(kept, group)) now.set(key, kept);
      else changed.add(key);
    }
    return changed;
  }
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}
