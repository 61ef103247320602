/**
 * An immutable map with string keys whose next version costs what has changed, not what it holds.
 *
 * Keys are spread over small shards; a new version copies the shards it touches and shares the rest. A hundred thousand
 * routes are some 3,000 shards of 32, so that one changed endpoint copies a few kilobytes. Pure.
 */
type Shard<V> = ReadonlyMap<string, V>;

/** Shards grow by this factor when they hold more than MEAN_SHARD_SIZE entries each; the rebuilding is amortised. */
const GROWTH = 8;
const MEAN_SHARD_SIZE = 32;
const INITIAL_SHARDS = 8;

export class PersistentMap<V> {
  readonly size: number;
  readonly #shards: readonly Shard<V>[];

  private constructor(shards: readonly Shard<V>[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>(emptyShards<V>(INITIAL_SHARDS), 0);
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key, this.#shards.length)]?.get(key);
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key, this.#shards.length)]?.has(key) ?? false;
  }

  *entries(): Generator<[string, V]> {
    for (const shard of this.#shards) yield* shard;
  }

  *values(): Generator<V> {
    for (const shard of this.#shards) yield* shard.values();
  }

  edit(): MapDraft<V> {
    return new MapDraft(this);
  }

  /** The map with these keys set, or deleted where the value is undefined. */
  with(edits: ReadonlyMap<string, V | undefined>): PersistentMap<V> {
    if (edits.size === 0) return this;
    const base = this.#withRoomFor(this.size + edits.size);
    const shards = base.slice();
    const copied = new Map<number, Map<string, V>>();
    let size = this.size;
    for (const [key, value] of edits) {
      const index = shardOf(key, shards.length);
      const shard = copied.get(index) ?? new Map(base[index]);
      copied.set(index, shard);
      size -= shard.size;
      if (value === undefined) shard.delete(key);
      else shard.set(key, value);
      size += shard.size;
    }
    for (const [index, shard] of copied) shards[index] = shard;
    return new PersistentMap(shards, size);
  }

  /** The shards as they are, or spread over more when `size` entries would crowd them. */
  #withRoomFor(size: number): readonly Shard<V>[] {
    if (size <= this.#shards.length * MEAN_SHARD_SIZE) return this.#shards;
    let count = this.#shards.length;
    while (size > count * MEAN_SHARD_SIZE) count *= GROWTH;
    const spread = Array.from({ length: count }, () => new Map<string, V>());
    for (const [key, value] of this.entries()) spread[shardOf(key, count)]?.set(key, value);
    return spread;
  }
}

/** Changes to a map, seen at once by its own readers and by nobody else. */
export class MapDraft<V> {
  readonly #base: PersistentMap<V>;
  readonly #edits = new Map<string, V | undefined>();

  constructor(base: PersistentMap<V>) {
    this.#base = base;
  }

  get(key: string): V | undefined {
    return this.#edits.has(key) ? this.#edits.get(key) : this.#base.get(key);
  }

  set(key: string, value: V): void {
    this.#edits.set(key, value);
  }

  delete(key: string): void {
    this.#edits.set(key, undefined);
  }

  /** The base itself when nothing was edited. */
  commit(): PersistentMap<V> {
    return this.#base.with(this.#edits);
  }
}

function emptyShards<V>(count: number): Shard<V>[] {
  return Array.from({ length: count }, () => new Map<string, V>());
}

/** FNV-1a, folded; `count` is a power of two. */
function shardOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) & (count - 1);
}
