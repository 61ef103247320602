/**
 * An immutable map with string keys whose next version costs what has changed, not what it holds.
 *
 * A trie over the hashes of keys, with small maps for leaves (after P. Bagwell, "Ideal Hash Trees", 2001): a new version copies
 * the way to what it touches and shares the rest. No single edit does much, however large the map: a leaf that is crowded is split by
 * itself, and nothing is ever rebuilt as a whole. What two versions share need not be compared. Pure, but for a seed of the hash: the
 * order of entries differs from process to process, and what is written in an order is sorted by its writer.
 */
interface Leaf<V> {
  readonly owner: object;
  readonly entries: Map<string, V>;
}

interface Branch<V> {
  readonly owner: object;
  /** WIDTH of them. */
  readonly children: Node<V>[];
}

/** Changed in place by the draft that made it and owns it, and by nobody else. */
type Node<V> = Leaf<V> | Branch<V>;

const BITS = 4;
const WIDTH = 1 << BITS;
/** Levels for which a hash of 32 bits has bits. */
const LAST_DEPTH = 32 / BITS;
/** A leaf with more is split. Larger ones make a change dearer, smaller ones the map. */
const MOST_IN_LEAF = 48;
const NOBODY = {};

export class PersistentMap<V> implements ReadonlyMap<string, V> {
  readonly size: number;
  readonly #root: Node<V>;

  private constructor(root: Node<V>, size: number) {
    this.#root = root;
    this.size = size;
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>({ owner: NOBODY, entries: new Map() }, 0);
  }

  get(key: string): V | undefined {
    return find(this.#root, key);
  }

  has(key: string): boolean {
    return find(this.#root, key) !== undefined;
  }

  *entries(): Generator<[string, V], undefined> {
    for (const { entries } of leaves(this.#root)) yield* entries;
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries();
  }

  *keys(): Generator<string, undefined> {
    for (const { entries } of leaves(this.#root)) yield* entries.keys();
  }

  *values(): Generator<V, undefined> {
    for (const { entries } of leaves(this.#root)) yield* entries.values();
  }

  forEach(callback: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }

  /** The keys that have another value here than in `before`, or are in one of the two only; each once. */
  othersThan(before: PersistentMap<V>): Generator<string, undefined> {
    return others(before.#root, this.#root);
  }

  edit(): MapDraft<V> {
    return new MapDraft(this, this.#root, (root, size) => new PersistentMap(root, size));
  }
}

/** Changes to a map, seen at once by its own readers and by nobody else. */
export class MapDraft<V> {
  readonly #base: PersistentMap<V>;
  readonly #make: (root: Node<V>, size: number) => PersistentMap<V>;
  #owner = {};
  /** The root, alone: so it is replaced as any other node is. */
  readonly #top: [Node<V>];
  #size: number;
  #isEdited = false;

  constructor(base: PersistentMap<V>, root: Node<V>, make: (root: Node<V>, size: number) => PersistentMap<V>) {
    this.#base = base;
    this.#top = [root];
    this.#make = make;
    this.#size = base.size;
  }

  get(key: string): V | undefined {
    return find(this.#top[0], key);
  }

  set(key: string, value: V): void {
    const { entries } = this.#leafOf(key);
    this.#size -= entries.size;
    entries.set(key, value);
    this.#size += entries.size;
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return;
    this.#leafOf(key).entries.delete(key);
    this.#size--;
  }

  /** The base itself when nothing was edited. What the draft is edited to afterwards is no part of what it has given. */
  commit(): PersistentMap<V> {
    if (!this.#isEdited) return this.#base;
    this.#owner = {};
    return this.#make(this.#top[0], this.#size);
  }

  /** Where the key is or belongs, for this draft to change. */
  #leafOf(key: string): Leaf<V> {
    this.#isEdited = true;
    let slots: Node<V>[] = this.#top;
    let place = 0;
    let hash = hashOf(key);
    for (let depth = 0; ; depth++) {
      let node = this.#own(slots[place] as Node<V>);
      if ("entries" in node) {
        const hasRoom = node.entries.size < MOST_IN_LEAF || depth === LAST_DEPTH || node.entries.has(key);
        if (!hasRoom) node = this.#split(node, depth);
      }
      slots[place] = node;
      if ("entries" in node) return node;
      slots = node.children;
      place = hash & (WIDTH - 1);
      hash >>>= BITS;
    }
  }

  #own(node: Node<V>): Node<V> {
    const owner = this.#owner;
    if (node.owner === owner) return node;
    return "entries" in node ? { owner, entries: new Map(node.entries) } : { owner, children: [...node.children] };
  }

  #split(leaf: Leaf<V>, depth: number): Branch<V> {
    const owner = this.#owner;
    const children = Array.from({ length: WIDTH }, (): Leaf<V> => ({ owner, entries: new Map() }));
    for (const [key, value] of leaf.entries) {
      const place = (hashOf(key) >>> (BITS * depth)) & (WIDTH - 1);
      children[place]?.entries.set(key, value);
    }
    return { owner, children };
  }
}

function find<V>(root: Node<V>, key: string): V | undefined {
  // Of a small map there is nothing to choose by the hash.
  if ("entries" in root) return root.entries.get(key);
  let node: Node<V> = root;
  for (let hash = hashOf(key); "children" in node; hash >>>= BITS) node = node.children[hash & (WIDTH - 1)] as Node<V>;
  return node.entries.get(key);
}

function* leaves<V>(node: Node<V>): Generator<Leaf<V>> {
  if ("entries" in node) yield node;
  else for (const child of node.children) yield* leaves(child);
}

function* others<V>(before: Node<V>, now: Node<V>): Generator<string, undefined> {
  if (before === now) return;
  if ("children" in before && "children" in now) {
    for (const [place, child] of now.children.entries()) yield* others(before.children[place] as Node<V>, child);
    return;
  }
  // One may have been split, and the other not.
  const [a, b] = [entriesOf(before), entriesOf(now)];
  for (const [key, value] of b) if (a.get(key) !== value) yield key;
  for (const key of a.keys()) if (!b.has(key)) yield key;
}

function entriesOf<V>(node: Node<V>): ReadonlyMap<string, V> {
  return "entries" in node ? node.entries : new Map([...leaves(node)].flatMap(({ entries }) => [...entries]));
}

/** Two random numbers of this process: an odd multiplier, and the initial hash value. */
const [MULTIPLIER, START] = seeds();

function seeds(): readonly [number, number] {
  const [multiplier = 0, start = 0] = crypto.getRandomValues(new Uint32Array(2));
  return [multiplier | 1, start];
}

/**
 * The hash is seeded, so that a tenant cannot choose names that end in one leaf. The rotation moves every bit of a character into
 * the low bits of the product with the next one. The final step makes each bit depend on all of them (the finalizer of MurmurHash3).
 */
function hashOf(key: string): number {
  let hash = START;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), MULTIPLIER);
    hash = (hash << 15) | (hash >>> 17);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
