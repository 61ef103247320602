/**
 * Whether a value has the shape that a structural schema asks for, as the API server judges it: types, required fields, bounds,
 * patterns, enumerations, lists with keys. Pure; it changes nothing and knows no CEL.
 */
import type { Path, Schema, Violation } from "./definitions.ts";
import { formatProblem } from "./formats.ts";
import { canonical, isRecord, shown } from "./values.ts";

export interface StructuralViolation extends Violation {
  /** CEL rules are not asked about an object with such a violation, as in the API server. */
  readonly blocksRules: boolean;
}

export function structuralViolations(schema: Schema, value: unknown, path: Path = []): readonly StructuralViolation[] {
  const type = typeProblem(schema, value);
  if (type !== undefined) return [{ path, message: type, blocksRules: true }];
  if (value === null) return [];
  const own = ownProblems(schema, value).map(({ message, blocksRules = false }) => ({ path, message, blocksRules }));
  return [...own, ...junctionViolations(schema, value, path), ...memberViolations(schema, value, path)];
}

interface OwnProblem {
  readonly message: string;
  readonly blocksRules?: boolean;
}

function typeProblem(schema: Schema, value: unknown): string | undefined {
  if (value === null)
    return schema.nullable === true || schema.type === undefined ? undefined : `must be ${article(schema)}, not null`;
  if (schema["x-kubernetes-int-or-string"] === true) {
    return typeof value === "string" || Number.isInteger(value)
      ? undefined
      : `must be an integer or a text, not ${shown(value)}`;
  }
  return hasType(schema.type, value) ? undefined : `must be ${article(schema)}, not ${shown(value)}`;
}

function hasType(type: Schema["type"], value: unknown): boolean {
  if (type === "object") return isRecord(value);
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return type === undefined || typeof value === type;
}

const ARTICLES = {
  object: "an object",
  array: "a list",
  integer: "an integer",
  string: "a text (quote it)",
  number: "a number",
  boolean: "true or false",
} as const;

function article({ type }: Schema): string {
  return type === undefined ? "a value" : ARTICLES[type];
}

function ownProblems(schema: Schema, value: unknown): readonly OwnProblem[] {
  const problems: OwnProblem[] = [];
  if (schema.enum !== undefined && !schema.enum.some((allowed) => canonical(allowed) === canonical(value))) {
    problems.push({ message: `${shown(value)} is not supported; use ${schema.enum.map(shown).join(" or ")}` });
  }
  const format = schema.format === undefined ? undefined : formatProblem(schema.format, value);
  if (format !== undefined) problems.push({ message: `${shown(value)} ${format}` });
  if (typeof value === "string") problems.push(...textProblems(schema, value));
  if (typeof value === "number") problems.push(...numberProblems(schema, value));
  if (Array.isArray(value)) problems.push(...listProblems(schema, value));
  if (isRecord(value)) problems.push(...sizeProblems(schema, Object.keys(value).length, "fields", "Properties"));
  return problems;
}

function textProblems(schema: Schema, value: string): readonly OwnProblem[] {
  const problems = [...sizeProblems(schema, [...value].length, "characters", "Length")];
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    problems.push({ message: `${shown(value)} does not match ${schema.pattern}` });
  }
  return problems;
}

function numberProblems(schema: Schema, value: number): readonly OwnProblem[] {
  const { minimum = -Infinity, maximum = Infinity, multipleOf } = schema;
  const problems: OwnProblem[] = [];
  if (value < minimum || (schema.exclusiveMinimum === true && value === minimum)) {
    problems.push({
      message: `is ${value}; it must be ${schema.exclusiveMinimum ? "more than" : "at least"} ${minimum}`,
    });
  }
  if (value > maximum || (schema.exclusiveMaximum === true && value === maximum)) {
    problems.push({
      message: `is ${value}; it must be ${schema.exclusiveMaximum ? "less than" : "at most"} ${maximum}`,
    });
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) {
    problems.push({ message: `is ${value}; it must be a multiple of ${multipleOf}` });
  }
  return problems;
}

function sizeProblems(
  schema: Schema,
  size: number,
  unit: string,
  of: "Length" | "Items" | "Properties",
): readonly OwnProblem[] {
  const least = schema[`min${of}`];
  const most = schema[`max${of}`];
  if (least !== undefined && size < least) return [{ message: `has ${size} ${unit}; ${least} at least are needed` }];
  if (most !== undefined && size > most) {
    return [{ message: `has ${size} ${unit}; ${most} at most are allowed`, blocksRules: true }];
  }
  return [];
}

function listProblems(schema: Schema, value: readonly unknown[]): readonly OwnProblem[] {
  const problems = [...sizeProblems(schema, value.length, "items", "Items")];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set" || schema.uniqueItems === true) {
    const twice = duplicate(value.map(canonical));
    if (twice !== undefined) problems.push({ message: `item ${twice} stands in the list already` });
  }
  if (listType === "map") {
    const twice = duplicate(value.map((item) => canonical(isRecord(item) ? keys.map((key) => item[key]) : item)));
    if (twice !== undefined)
      problems.push({ message: `item ${twice} has the ${keys.join(" and ")} of an item before it` });
  }
  return problems;
}

/** The place of the first that is equal to one before it. */
function duplicate(values: readonly string[]): number | undefined {
  const seen = new Set<string>();
  const place = values.findIndex((value) => seen.size === seen.add(value).size);
  return place === -1 ? undefined : place;
}

function junctionViolations(schema: Schema, value: unknown, path: Path): readonly StructuralViolation[] {
  const fits = (branch: Schema) => structuralViolations(branch, value, path).length === 0;
  const violations = (schema.allOf ?? []).flatMap((branch) => structuralViolations(branch, value, path));
  const fail = (message: string) => violations.push({ path, message, blocksRules: false });
  if (schema.anyOf !== undefined && !schema.anyOf.some(fits))
    fail(`${shown(value)} has none of the shapes allowed here`);
  if (schema.oneOf !== undefined && schema.oneOf.filter(fits).length !== 1) {
    fail(`${shown(value)} must have exactly one of the shapes allowed here`);
  }
  if (schema.not !== undefined && fits(schema.not)) fail(`${shown(value)} is forbidden here`);
  return violations;
}

function memberViolations(schema: Schema, value: unknown, path: Path): readonly StructuralViolation[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, i) => structuralViolations(items, item, [...path, i]));
  }
  if (!isRecord(value)) return [];
  const missing = (schema.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => ({ path: [...path, name], message: "is missing", blocksRules: true }));
  const { properties = {}, additionalProperties } = schema;
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const known = property ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    return known === undefined ? [] : structuralViolations(known, member, [...path, name]);
  });
  return [...missing, ...inner];
}
