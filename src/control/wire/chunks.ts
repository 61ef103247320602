/**
 * Large lists as a row of messages near 64 KiB, and the row read back. Pure.
 *
 * A first configuration of many thousand routes would be one message of many megabytes: encoded, buffered and parsed in
 * one go, while a proxy's connections and the pings of the same stream wait behind it. Parts keep both event loops breathing, and are
 * made as they are sent.
 */
import { create } from "@bufbuild/protobuf";
import type { ConfigDelta, ResourceKey, VersionedResource } from "../../model/proxy-config.ts";
import { resourceKey } from "../../model/revision.ts";
import type { HeldConfig } from "../delta.ts";
import type { Delta, Held } from "../generated/control_pb.ts";
import { DeltaSchema, HeldSchema } from "../generated/control_pb.ts";
import type { Decoded } from "./decoded.ts";
import { resourceFromWire, resourceToWire } from "./resource.ts";

/** Some 500 routes: a few milliseconds for whoever reads it. */
export const CHUNK_BYTES = 64 * 1024;

/**
 * The largest message that a proxy reads. One resource is never split, and the largest is a Service's endpoints: 100,000
 * of them, more than Kubernetes supports in a cluster, are some 5 MiB.
 */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The delta as one or more messages; only the last says so. */
export function* deltaToWire(delta: ConfigDelta, sequence: number, chunkBytes = CHUNK_BYTES): Generator<Delta> {
  const { revision, cause } = delta;
  const part = (upserts: readonly VersionedResource[], removals: readonly ResourceKey[], last: boolean) =>
    create(DeltaSchema, {
      sequence,
      revision,
      upserts: upserts.map(resourceToWire),
      removals: [...removals],
      last,
      ...(last && cause !== undefined ? { cause: { pass: cause.pass, changes: [...cause.changes] } } : {}),
    });

  const upserts = chunk(delta.upserts.values(), approximateBytes, chunkBytes);
  const removals = chunk(delta.removals, (key) => key.length, chunkBytes);
  let upserted = upserts.next();
  let removed = removals.next();
  for (;;) {
    const some = upserted.done ? [] : upserted.value;
    const gone = removed.done ? [] : removed.value;
    upserted = upserts.next();
    removed = removals.next();
    // Small deltas, nearly all of them, are one message.
    const last = upserted.done === true && removed.done === true;
    yield part(some, gone, last);
    if (last) return;
  }
}

/** What the parts collected so far make. Feed it one stream's Delta messages in order. */
export class DeltaAssembly {
  readonly #upserts = new Map<ResourceKey, VersionedResource>();
  readonly #removals: ResourceKey[] = [];
  #problem: string | undefined;

  /** Undefined until the last part; then the whole delta, or the first thing in it that this program does not know. */
  add(part: Delta): Decoded<ConfigDelta> | undefined {
    for (const message of part.upserts) {
      const decoded = resourceFromWire(message);
      if (decoded.ok) this.#upserts.set(resourceKey(decoded.value.resource), decoded.value);
      else this.#problem ??= decoded.problem;
    }
    for (const key of part.removals) this.#removals.push(key);
    if (!part.last) return undefined;
    if (this.#problem !== undefined) return { ok: false, problem: this.#problem };
    const { revision, cause } = part;
    const told = cause === undefined ? {} : { cause: { pass: cause.pass, changes: cause.changes } };
    return { ok: true, value: { revision, upserts: this.#upserts, removals: this.#removals, ...told } };
  }
}

/** What a proxy holds, as the messages that follow its Hello. */
export function* heldToWire({ versions }: HeldConfig, chunkBytes = CHUNK_BYTES): Generator<Held> {
  const size = ([key, version]: readonly [ResourceKey, string]) => key.length + version.length;
  for (const entries of chunk(versions, size, chunkBytes)) {
    yield create(HeldSchema, { resources: entries.map(([key, version]) => ({ key, version })) });
  }
}

/** JSON is not shorter than protobuf for names and numbers, and V8 writes it faster than we could add up fields. */
function approximateBytes(resource: VersionedResource): number {
  return JSON.stringify(resource).length;
}

function* chunk<T>(items: Iterable<T>, bytesOf: (item: T) => number, limitBytes: number): Generator<T[]> {
  let open: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (open.length > 0 && bytes + size > limitBytes) {
      yield open;
      open = [];
      bytes = 0;
    }
    open.push(item);
    bytes += size;
  }
  if (open.length > 0) yield open;
}
