/**
 * From one routing table to the next: applies a delta in time proportional to the delta, or says why it cannot be.
 *
 * Pure: the old table stays as it is and keeps serving when the delta is refused. A table that was accepted holds no
 * dangling reference and no hostname twice, so that the path of a connection has no such cases.
 */
import type { ConfigDelta, ResourceKey, VersionedResource } from "../../model/proxy-config.ts";
import type { ConfigRefusal, RefusalReason } from "../../model/proxy-report.ts";
import { updateRevision } from "../../model/revision.ts";
import { referencesOf } from "./references.ts";
import type { RouteTable } from "./route-table.ts";
import { TableDraft } from "./table-draft.ts";
import { resourceProblem } from "./validate.ts";

export type Applied = { readonly ok: RouteTable } | { readonly refused: ConfigRefusal };

type Problem = Omit<ConfigRefusal, "revision">;

/** The table after `delta`; `table` itself when nothing changes. */
export function applyDelta(table: RouteTable, delta: ConfigDelta): Applied {
  const problem = shapeProblem(delta);
  if (problem !== undefined) return refuse(delta, problem);
  const change = changeOf(table, delta);
  const revision = updateRevision(table.revision, { added: change.enter.values(), removed: change.leave.values() });
  if (revision !== delta.revision) {
    return refuse(delta, {
      reason: "revision_mismatch",
      message: `the delta from revision ${table.revision} leads to ${revision}`,
    });
  }
  if (change.enter.size === 0 && change.leave.size === 0) return { ok: table };
  const draft = new TableDraft(table);
  // All that leaves goes first, so that a hostname may move from one route to another within a delta.
  for (const [key, old] of change.leave) draft.remove(key, old.resource);
  for (const [key, next] of change.enter) {
    const clash = draft.add(key, next);
    if (clash !== undefined) return refuse(delta, clash);
  }
  const dangling = danglingReference(draft, change);
  return dangling === undefined ? { ok: draft.commit(revision) } : refuse(delta, dangling);
}

interface Change {
  /** What goes or is replaced, as it is in the old table. */
  readonly leave: ReadonlyMap<ResourceKey, VersionedResource>;
  /** What comes or replaces. */
  readonly enter: ReadonlyMap<ResourceKey, VersionedResource>;
}

function shapeProblem(delta: ConfigDelta): Problem | undefined {
  for (const [key, { resource }] of delta.upserts) {
    const problem = resourceProblem(key, resource);
    if (problem !== undefined) return { reason: "invalid_resource", message: `${key}: ${problem}` };
  }
  const both = delta.removals.find((key) => delta.upserts.has(key));
  return both === undefined
    ? undefined
    : { reason: "invalid_resource", message: `${both} is both changed and removed by one delta` };
}

/** The delta without what is so already: a resource of the same version, the removal of what is not there. */
function changeOf(table: RouteTable, delta: ConfigDelta): Change {
  const leave = new Map<ResourceKey, VersionedResource>();
  const enter = new Map<ResourceKey, VersionedResource>();
  for (const key of delta.removals) {
    const old = table.resources.get(key);
    if (old !== undefined) leave.set(key, old);
  }
  for (const [key, next] of delta.upserts) {
    const old = table.resources.get(key);
    if (old?.version === next.version) continue;
    if (old !== undefined) leave.set(key, old);
    enter.set(key, next);
  }
  return { leave, enter };
}

/** Looks at what entered for references to what is not there, and at what left for references that remain. */
function danglingReference(draft: TableDraft, change: Change): Problem | undefined {
  for (const [key, { resource }] of change.enter) {
    const missing = referencesOf(resource).find((reference) => !draft.has(reference));
    if (missing !== undefined) return unknown(missing, `${key} refers to ${missing}, which does not exist`);
  }
  for (const key of change.leave.keys()) {
    if (!draft.has(key) && draft.isReferredTo(key)) return unknown(key, `${key} is removed but still referred to`);
  }
  return undefined;
}

function unknown(key: ResourceKey, message: string): Problem {
  return { reason: unknownReason(key.slice(0, key.indexOf(":"))), message };
}

function unknownReason(kind: string): RefusalReason {
  switch (kind) {
    case "listener":
      return "unknown_listener";
    case "backend":
      return "unknown_backend";
    case "certificate":
      return "unknown_certificate";
    case "authorities":
      return "unknown_authorities";
    // Nothing else is ever referred to.
    default:
      return "unknown_endpoints";
  }
}

function refuse({ revision }: ConfigDelta, problem: Problem): Applied {
  return { refused: { revision, ...problem } };
}
