/**
 * From one routing table to the next: applies a delta in time proportional to the delta, in one go or in small steps, or says why it
 * cannot be.
 *
 * Pure: the old table stays as it is and keeps serving when the delta is refused. A table that was accepted holds no
 * dangling reference and no hostname twice, so that the path of a connection has no such cases.
 */

import { PersistentMap } from "../../model/persistent-map.ts";
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
  const steps = applyInSteps(table, delta);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * The same, given out of hand after each small step, so that whoever serves connections meanwhile can do so in between. Neither
 * `table` nor `delta` may have changed when it goes on.
 */
export function* applyInSteps(table: RouteTable, delta: ConfigDelta): Generator<void, Applied> {
  const problem = yield* shapeProblem(delta);
  if (problem !== undefined) return refuse(delta, problem);
  const change = yield* changeOf(table, delta);
  const revision = yield* revisionAfter(table, change);
  if (revision !== delta.revision) {
    return refuse(delta, {
      reason: "revision_mismatch",
      message: `the delta from revision ${table.revision} leads to ${revision}`,
    });
  }
  if (change.enter.length === 0 && change.leave.length === 0) return { ok: table };
  const draft = new TableDraft(table);
  // All that leaves goes first, so that a hostname may move from one route to another within a delta.
  for (const [key, old] of change.leave) {
    yield;
    draft.remove(key, old.resource);
  }
  for (const [key, next] of change.enter) {
    yield;
    const clash = draft.add(key, next);
    if (clash !== undefined) return refuse(delta, clash);
  }
  const dangling = yield* danglingReference(draft, change);
  return dangling === undefined ? { ok: draft.commit(revision) } : refuse(delta, dangling);
}

/** Each key once. */
type Entries = readonly (readonly [ResourceKey, VersionedResource])[];

/** Lists, because a native map that is large stands still for milliseconds whenever it grows. */
interface Change {
  /** What goes or is replaced, as it is in the old table. */
  readonly leave: Entries;
  /** What comes or replaces. */
  readonly enter: Entries;
}

function* shapeProblem(delta: ConfigDelta): Generator<void, Problem | undefined> {
  for (const [key, { resource }] of delta.upserts) {
    yield;
    const problem = resourceProblem(key, resource);
    if (problem !== undefined) return { reason: "invalid_resource", message: `${key}: ${problem}` };
  }
  for (const key of delta.removals) {
    yield;
    if (!delta.upserts.has(key)) continue;
    return { reason: "invalid_resource", message: `${key} is both changed and removed by one delta` };
  }
  return undefined;
}

/** The delta without what is so already: a resource of the same version, the removal of what is not there. */
function* changeOf(table: RouteTable, delta: ConfigDelta): Generator<void, Change> {
  const leave: [ResourceKey, VersionedResource][] = [];
  const enter: [ResourceKey, VersionedResource][] = [];
  // Of what a delta removes twice, too, there is one.
  const removed = PersistentMap.empty<true>().edit();
  for (const key of delta.removals) {
    yield;
    const old = table.resources.get(key);
    if (old === undefined || removed.get(key) !== undefined) continue;
    removed.set(key, true);
    leave.push([key, old]);
  }
  for (const [key, next] of delta.upserts) {
    yield;
    const old = table.resources.get(key);
    if (old?.version === next.version) continue;
    if (old !== undefined) leave.push([key, old]);
    enter.push([key, next]);
  }
  return { leave, enter };
}

/** Summing up has a price for each call, so many are summed up at once. */
const SUMMED_AT_ONCE = 64;

function* revisionAfter(table: RouteTable, { enter, leave }: Change): Generator<void, string> {
  let revision = table.revision;
  for (const added of chunks(enter, SUMMED_AT_ONCE)) {
    yield;
    revision = updateRevision(revision, { added, removed: [] });
  }
  for (const removed of chunks(leave, SUMMED_AT_ONCE)) {
    yield;
    revision = updateRevision(revision, { added: [], removed });
  }
  return revision;
}

function* chunks(entries: Entries, size: number): Generator<readonly VersionedResource[]> {
  for (let from = 0; from < entries.length; from += size) {
    yield entries.slice(from, from + size).map(([, resource]) => resource);
  }
}

/** Looks at what entered for references to what is not there, and at what left for references that remain. */
function* danglingReference(draft: TableDraft, change: Change): Generator<void, Problem | undefined> {
  for (const [key, { resource }] of change.enter) {
    yield;
    const missing = referencesOf(resource).find((reference) => !draft.has(reference));
    if (missing !== undefined) return unknown(missing, `${key} refers to ${missing}, which does not exist`);
  }
  for (const [key] of change.leave) {
    yield;
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
