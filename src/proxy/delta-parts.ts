/**
 * A large delta in parts, each of which is written to a channel between threads and read from it in about a millisecond, and the delta
 * put together again. Pure.
 */
import type { ConfigDelta, ResourceKey, VersionedResource } from "../model/proxy-config.ts";

export interface DeltaPart {
  readonly upserts: readonly (readonly [ResourceKey, VersionedResource])[];
  readonly removals: readonly ResourceKey[];
}

/** Resources and removals in one message. A copy of a route takes some 2 µs on either side. */
const MOST_IN_PART = 256;

/** `rest` completes the parts, and is the delta itself where that is small. */
export function inParts(delta: ConfigDelta): { readonly parts: Iterable<DeltaPart>; readonly rest: ConfigDelta } {
  if (delta.upserts.size + delta.removals.length <= MOST_IN_PART) return { parts: [], rest: delta };
  return { parts: partsOf(delta), rest: { revision: delta.revision, upserts: new Map(), removals: [] } };
}

function* partsOf({ upserts, removals }: ConfigDelta): Generator<DeltaPart> {
  let open: [ResourceKey, VersionedResource][] = [];
  for (const entry of upserts) {
    open.push(entry);
    if (open.length < MOST_IN_PART) continue;
    yield { upserts: open, removals: [] };
    open = [];
  }
  if (open.length > 0) yield { upserts: open, removals: [] };
  for (let from = 0; from < removals.length; from += MOST_IN_PART) {
    yield { upserts: [], removals: removals.slice(from, from + MOST_IN_PART) };
  }
}

/** Parts as they come, until what they are parts of is complete. */
export class DeltaParts {
  #upserts = new Map<ResourceKey, VersionedResource>();
  #removals: ResourceKey[] = [];

  add({ upserts, removals }: DeltaPart): void {
    for (const [key, resource] of upserts) this.#upserts.set(key, resource);
    for (const key of removals) this.#removals.push(key);
  }

  /** The delta of which `rest` is the end. What is added afterwards belongs to the next. */
  complete(rest: ConfigDelta): ConfigDelta {
    if (this.#upserts.size === 0 && this.#removals.length === 0) return rest;
    this.add({ upserts: [...rest.upserts], removals: rest.removals });
    const delta = { revision: rest.revision, upserts: this.#upserts, removals: this.#removals };
    this.#upserts = new Map();
    this.#removals = [];
    return delta;
  }
}
