/**
 * Orders writes so that namespaces take turns: the few writes of one namespace do not wait for the thousands of another. Remembers whose
 * turn is next when the caller stops early. No I/O.
 */
export class NamespaceTurns {
  #next: string | undefined;

  /** Yields every item; items of one namespace stay in their order. */
  *order<T extends { readonly namespace?: string }>(items: readonly T[]): Generator<T, void, undefined> {
    const groups = [...Map.groupBy(items, ({ namespace = "" }) => namespace)];
    const first = Math.max(
      0,
      groups.findIndex(([namespace]) => namespace === this.#next),
    );
    let turns = [...groups.slice(first), ...groups.slice(0, first)];
    for (let round = 0; turns.length > 0; round++) {
      turns = turns.filter(([, group]) => round < group.length);
      for (const [place, [, group]] of turns.entries()) {
        const [next] = turns[place + 1] ?? turns[0] ?? [];
        this.#next = next;
        yield group[round] as T;
      }
    }
  }
}
