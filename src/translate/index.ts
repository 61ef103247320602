/**
 * Look-ups over a snapshot, built once per translation so that 5,000 routes cost 5,000 look-ups and not their product.
 * Holds references into the snapshot; never changes them.
 */
import {
  type EndpointSlice,
  type Gateway,
  type Namespace,
  objectKey,
  type ReferenceGrant,
  type Service,
  serviceKey,
} from "../gateway-api/objects.ts";
import type { Snapshot } from "../model/snapshot.ts";

export interface SnapshotIndex {
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly services: ReadonlyMap<string, Service>;
  /** EndpointSlices by `namespace/service`. */
  readonly endpointSlices: ReadonlyMap<string, readonly EndpointSlice[]>;
  /** ReferenceGrants by the namespace that grants. */
  readonly grants: ReadonlyMap<string, readonly ReferenceGrant[]>;
}

export function indexSnapshot(snapshot: Snapshot): SnapshotIndex {
  return {
    gateways: byKey(snapshot.gateways),
    namespaces: byKey(snapshot.namespaces),
    services: byKey(snapshot.services),
    endpointSlices: Map.groupBy(snapshot.endpointSlices, serviceKey),
    grants: Map.groupBy(snapshot.referenceGrants, (grant) => grant.metadata.namespace ?? ""),
  };
}

function byKey<T extends Parameters<typeof objectKey>[0]>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [objectKey(object), object]));
}
