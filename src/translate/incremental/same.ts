/** Sameness by identity: whether what was made anew holds the same elements as before, and may give way to it. */

export function sameElements(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `before` if it holds the same elements in the same order. */
export function stableList<T>(before: readonly T[] | undefined, now: readonly T[]): readonly T[] {
  return before !== undefined && sameElements(before, now) ? before : now;
}

/** Do both hold the same plain data, at whatever depth? */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((element, i) => sameValue(element, b[i]));
  }
  const [ofA, ofB] = [Object.entries(a), b as Readonly<Record<string, unknown>>];
  return ofA.length === Object.keys(b).length && ofA.every(([name, value]) => name in b && sameValue(value, ofB[name]));
}

export function sameMap<T>(map: ReadonlyMap<string, T>, entries: readonly (readonly [string, T])[]): boolean {
  return map.size === entries.length && entries.every(([key, value]) => map.get(key) === value);
}
