/** Where another element stands in a list than in the one before. Found once for all who ask about the same two lists. */

const NOWHERE: readonly number[] = [];

export class PlacesOfOthers {
  #before: readonly unknown[] = [];
  #now: readonly unknown[] = this.#before;
  #places = NOWHERE;

  /** Lists never change; most are the one before. */
  between(before: readonly unknown[], now: readonly unknown[]): readonly number[] {
    if (before === now) return NOWHERE;
    if (before !== this.#before || now !== this.#now) {
      const places: number[] = [];
      for (let place = 0; place < now.length; place++) if (now[place] !== before[place]) places.push(place);
      this.#places = places;
      this.#before = before;
      this.#now = now;
    }
    return this.#places;
  }
}
