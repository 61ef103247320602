/**
 * Remembers what was built from several objects, as long as all of them live.
 *
 * The objects are resources, which are immutable: one that changed is another object, so that what was built from the old
 * one is found no more, and goes with it. Nothing has to be told what is gone. No I/O.
 */
interface Node<V> {
  next: WeakMap<object, Node<V>> | undefined;
  built: { readonly value: V } | undefined;
}

export class IdentityMap<V> {
  readonly #root: Node<V> = { next: undefined, built: undefined };

  /** What was built from these very objects in this order, built now if it was not yet. */
  get(parts: readonly object[], build: () => V): V {
    let node = this.#root;
    for (const part of parts) {
      node.next ??= new WeakMap();
      let next = node.next.get(part);
      if (next === undefined) {
        next = { next: undefined, built: undefined };
        node.next.set(part, next);
      }
      node = next;
    }
    node.built ??= { value: build() };
    return node.built.value;
  }
}
