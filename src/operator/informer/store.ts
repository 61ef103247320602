/**
 * The objects of one kind as last seen, by key. It compares by uid and resourceVersion, so that a relist which finds nothing
 * new changes nothing. Objects are never altered, only replaced: what a caller holds stays as it was. No I/O.
 */
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";

export class Store<T extends KubernetesObject> {
  #objects = new Map<string, T>();
  #items: readonly T[] | undefined;

  get size(): number {
    return this.#objects.size;
  }

  /** `key` as `objectKey` makes it: `namespace/name`, or `name`. */
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  /** All objects; the same array until something changes. */
  items(): readonly T[] {
    this.#items ??= [...this.#objects.values()];
    return this.#items;
  }

  /** Takes a complete list. Returns the keys that were added, changed or removed. */
  replace(objects: Iterable<T>): readonly string[] {
    const next = new Map<string, T>();
    const changed: string[] = [];
    for (const object of objects) {
      const key = objectKey(object);
      const known = this.#objects.get(key);
      const same = known !== undefined && isSame(known, object);
      next.set(key, same ? known : object);
      if (!same) changed.push(key);
    }
    for (const key of this.#objects.keys()) if (!next.has(key)) changed.push(key);
    this.#objects = next;
    if (changed.length > 0) this.#items = undefined;
    return changed;
  }

  /** Returns the key when this is a new or another version of the object. */
  put(object: T): string | undefined {
    const key = objectKey(object);
    const known = this.#objects.get(key);
    if (known !== undefined && isSame(known, object)) return undefined;
    this.#objects.set(key, object);
    this.#items = undefined;
    return key;
  }

  /** Returns the key when there was such an object. */
  remove(object: Pick<KubernetesObject, "metadata">): string | undefined {
    const key = objectKey(object);
    if (!this.#objects.delete(key)) return undefined;
    this.#items = undefined;
    return key;
  }
}

function isSame(a: KubernetesObject, b: KubernetesObject): boolean {
  return (
    a.metadata.resourceVersion === b.metadata.resourceVersion &&
    a.metadata.uid === b.metadata.uid &&
    a.apiVersion === b.apiVersion
  );
}
