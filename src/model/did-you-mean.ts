/** Finds the name that was probably meant, for messages about unknown kinds, fields and names. Pure. */

/** Two errors of typing. With three, short names would match names that have nothing in common with them. */
const MAX_DISTANCE = 2;

/**
 * Returns the candidate with the smallest edit distance to the name, of at most 2 and less than the name's length; the first of several.
 * An adjacent transposition counts as one edit. Undefined: there is none, or the name itself is a candidate.
 */
export function findNearest(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.min(MAX_DISTANCE, name.length - 1) + 1;
  for (const candidate of candidates) {
    if (candidate === name) return undefined;
    if (Math.abs(candidate.length - name.length) > MAX_DISTANCE) continue;
    const distance = computeDistance(name, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

/** Returns `, did you mean "candidate"?` for a message, or an empty text. */
export function formatNearest(name: string, candidates: Iterable<string>): string {
  const nearest = findNearest(name, candidates);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

/** Damerau-Levenshtein distance (optimal string alignment), by rows. Case differences count as edits. */
function computeDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isEqual = a[i - 1] === b[j - 1];
      let cost = Math.min(get(previous, j) + 1, get(row, j - 1) + 1, get(previous, j - 1) + (isEqual ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, get(beforePrevious, j - 2) + 1);
      row.push(cost);
    }
    beforePrevious = previous;
    previous = row;
  }
  return get(previous, b.length);
}

function get(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
