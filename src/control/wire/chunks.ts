/**
 * Large lists as a row of messages near 1 MiB, and the row read back. Pure.
 *
 * A first configuration of many thousand routes would be one message of many megabytes: encoded, buffered and parsed in
 * one go, while pings of the same connection wait behind it. Parts keep both event loops breathing.
 */
import { create } from "@bufbuild/protobuf";
import type { ConfigDelta, ResourceKey, VersionedResource } from "../../model/proxy-config.ts";
import { resourceKey } from "../../model/revision.ts";
import type { HeldConfig } from "../delta.ts";
import type { Delta, Held } from "../generated/control_pb.ts";
import { DeltaSchema, HeldSchema } from "../generated/control_pb.ts";
import type { Decoded } from "./decoded.ts";
import { resourceFromWire, resourceToWire } from "./resource.ts";

export const CHUNK_BYTES = 1024 * 1024;

/**
 * The largest message either side reads. One resource is never split, and the largest is a Service's endpoints: 100,000
 * of them, more than Kubernetes supports in a cluster, are some 5 MiB.
 */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The delta as one or more messages; only the last says so. */
export function* deltaToWire(delta: ConfigDelta, sequence: number, chunkBytes = CHUNK_BYTES): Generator<Delta> {
  const { revision } = delta;
  const part = (upserts: readonly VersionedResource[], removals: readonly ResourceKey[], last: boolean) =>
    create(DeltaSchema, { sequence, revision, upserts: upserts.map(resourceToWire), removals: [...removals], last });

  const upserts = chunk(delta.upserts.values(), approximateBytes, chunkBytes);
  const removals = chunk(delta.removals, (key) => key.length, chunkBytes);
  // Small deltas, nearly all of them, are one message.
  if (upserts.length <= 1 && removals.length <= 1) {
    yield part(upserts[0] ?? [], removals[0] ?? [], true);
    return;
  }
  for (const some of upserts) yield part(some, [], false);
  for (const some of removals) yield part([], some, false);
  yield part([], [], true);
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
    return { ok: true, value: { revision: part.revision, upserts: this.#upserts, removals: this.#removals } };
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

function chunk<T>(items: Iterable<T>, bytesOf: (item: T) => number, limitBytes: number): T[][] {
  const chunks: T[][] = [];
  let open: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (open.length > 0 && bytes + size > limitBytes) {
      chunks.push(open);
      open = [];
      bytes = 0;
    }
    open.push(item);
    bytes += size;
  }
  if (open.length > 0) chunks.push(open);
  return chunks;
}
