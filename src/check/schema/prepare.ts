/**
 * What the API server does to an object before it judges it: fields that the schema does not know are dropped, defaults are
 * put in. Pure: the object given stays as it is.
 */
import type { Path, Schema } from "./definitions.ts";
import { isRecord } from "./values.ts";

export interface Prepared {
  readonly object: unknown;
  /** Fields that were dropped. */
  readonly unknown: readonly UnknownField[];
}

export interface UnknownField {
  readonly path: Path;
  /** Names of the fields that the object may have in its place. */
  readonly known: readonly string[];
}

/** `apiVersion`, `kind` and `metadata` have a schema of their own (metadata.ts) and are kept. */
export function prepare(schema: Schema, object: unknown): Prepared {
  const unknown: UnknownField[] = [];
  const root = { ...schema, properties: { ...schema.properties, apiVersion: {}, kind: {}, metadata: ANYTHING } };
  return { object: prepared(root, object, [], unknown), unknown };
}

const ANYTHING: Schema = { "x-kubernetes-preserve-unknown-fields": true };

function prepared(schema: Schema, value: unknown, path: Path, unknown: UnknownField[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item, i) => prepared(items, item, [...path, i], unknown));
  }
  return isRecord(value) ? preparedObject(schema, value, path, unknown) : value;
}

function preparedObject(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  unknown: UnknownField[],
): Record<string, unknown> {
  const { properties = {}, additionalProperties } = schema;
  const next: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const known = property ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    if (known !== undefined) {
      // A null where a default stands counts as absent.
      if (member === null && known.nullable !== true && known.default !== undefined) continue;
      next[name] = prepared(known, member, [...path, name], unknown);
    } else if (additionalProperties === true || schema["x-kubernetes-preserve-unknown-fields"] === true) {
      next[name] = member;
    } else {
      unknown.push({ path: [...path, name], known: Object.keys(properties) });
    }
  }
  for (const [name, property] of Object.entries(properties)) {
    if (next[name] !== undefined || property.default === undefined) continue;
    // What is put in may have defaults of its own within.
    next[name] = prepared(property, structuredClone(property.default), [...path, name], unknown);
  }
  return next;
}
