/**
 * The API server's judgement on one object of a custom kind, in its order: version, unknown fields, defaults, shape, rules.
 * Pure. What it cannot know is what exists already.
 */
import { formatNearest } from "../../model/did-you-mean.ts";
import type { KindDefinition, VersionDefinition, Violation } from "./definitions.ts";
import { metadataViolations } from "./metadata.ts";
import { prepare, type UnknownField } from "./prepare.ts";
import type { Rules } from "./rules.ts";
import { structuralViolations } from "./structural.ts";

export interface Judgement {
  /** Empty: the API server would take the object. */
  readonly violations: readonly Violation[];
  /** What is worth saying though the API server takes it. */
  readonly remarks: readonly Violation[];
  /** The object as it would be stored: without unknown fields and with defaults. */
  readonly object: unknown;
  /** Whether every field has its type and none is missing: others may read `object` as one of its kind. */
  readonly shaped: boolean;
}

export interface Candidate {
  readonly apiVersion: string;
  readonly metadata?: unknown;
}

export function judge(definition: KindDefinition, rules: Rules, candidate: Candidate): Judgement {
  const version = candidate.apiVersion.slice(candidate.apiVersion.indexOf("/") + 1);
  const found = definition.versions.find(({ name }) => name === version);
  if (found === undefined || !found.served) {
    return { violations: [notServed(definition, candidate.apiVersion)], remarks: [], object: candidate, shaped: false };
  }
  const { object, unknown } = prepare(found.schema, candidate);
  const shape = structuralViolations(found.schema, object);
  const named = metadataViolations(candidate.metadata, definition.namespaced);
  const blocked = shape.some(({ blocksRules }) => blocksRules);
  const asked = blocked ? [] : rules.violations(found.schema, object);
  return {
    violations: [...named, ...shape, ...asked],
    remarks: [...unknown.map(unknownField), ...deprecation(found)],
    object,
    shaped: !blocked && named.length === 0,
  };
}

function notServed({ group, kind, versions }: KindDefinition, apiVersion: string): Violation {
  const served = versions.filter((version) => version.served).map(({ name }) => `${group}/${name}`);
  return {
    path: ["apiVersion"],
    message: `${kind} is not served as ${apiVersion} by this channel of Gateway API; use ${served.join(" or ") || "another kind"}`,
  };
}

function unknownField({ known, path }: UnknownField): Violation {
  const what = "is no field of this kind: kubectl refuses it, others drop it; check its spelling and place";
  const message = `${what}${formatNearest(String(path.at(-1)), known)}`;
  return { path, message };
}

function deprecation({ deprecation }: VersionDefinition): readonly Violation[] {
  return deprecation === undefined ? [] : [{ path: ["apiVersion"], message: deprecation }];
}
