/**
 * The objects of one kind as last seen, by key. It compares by uid and resourceVersion, so that a relist which finds nothing
 * new changes nothing. Objects are never altered, only replaced: what a caller holds stays as it was. No I/O.
 *
 * Who judges the whole reads `items`, in which an object stays the same while a change means nothing to a judge: mostly it is
 * our own status that comes back. Who writes needs the newest and reads `get`.
 */
import { type KubernetesObject, objectKey } from "../../gateway-api/objects.ts";

/** Does an object say the same to whoever judges it? It is asked of two versions of one object. */
export type IsSameToJudge<T> = (before: T, now: T) => boolean;

export class Store<T extends KubernetesObject> {
  readonly #isSameToJudge: IsSameToJudge<T>;
  #objects = new Map<string, T>();
  /** The newest version of an object, where a judge still has one before it. */
  readonly #newest = new Map<string, T>();
  #items: readonly T[] | undefined;

  constructor(isSameToJudge: IsSameToJudge<T> = () => false) {
    this.#isSameToJudge = isSameToJudge;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** `key` as `objectKey` makes it: `namespace/name`, or `name`. */
  get(key: string): T | undefined {
    return this.#newest.get(key) ?? this.#objects.get(key);
  }

  /** All objects, in versions that say what the newest do; the same array until one says something else. */
  items(): readonly T[] {
    this.#items ??= [...this.#objects.values()];
    return this.#items;
  }

  /** Takes a complete list. Returns the keys that were added, changed or removed. */
  replace(objects: Iterable<T>): readonly string[] {
    const before = this.#objects;
    const changed: string[] = [];
    this.#objects = new Map();
    for (const object of objects) {
      const key = objectKey(object);
      const judged = before.get(key);
      if (judged !== undefined) this.#objects.set(key, judged);
      if (this.put(object) !== undefined) changed.push(key);
    }
    for (const key of before.keys()) {
      if (this.#objects.has(key)) continue;
      this.#newest.delete(key);
      this.#items = undefined;
      changed.push(key);
    }
    return changed;
  }

  /** Returns the key when this is a new or another version of the object. */
  put(object: T): string | undefined {
    const key = objectKey(object);
    const known = this.get(key);
    if (known !== undefined && isSame(known, object)) return undefined;
    const judged = this.#objects.get(key);
    if (judged !== undefined && judged.metadata.uid === object.metadata.uid && this.#isSameToJudge(judged, object)) {
      this.#newest.set(key, sharingSpec(judged, object));
      return key;
    }
    this.#newest.delete(key);
    this.#objects.set(key, object);
    this.#items = undefined;
    return key;
  }

  /** Returns the key when there was such an object. */
  remove(object: Pick<KubernetesObject, "metadata">): string | undefined {
    const key = objectKey(object);
    if (!this.#objects.delete(key)) return undefined;
    this.#newest.delete(key);
    this.#items = undefined;
    return key;
  }
}

/** What two versions have alike is in memory once. */
function sharingSpec<T extends KubernetesObject>(judged: T, object: T): T {
  return "spec" in judged && "spec" in object ? { ...object, spec: judged.spec } : object;
}

function isSame(a: KubernetesObject, b: KubernetesObject): boolean {
  return (
    a.metadata.resourceVersion === b.metadata.resourceVersion &&
    a.metadata.uid === b.metadata.uid &&
    a.apiVersion === b.apiVersion
  );
}
