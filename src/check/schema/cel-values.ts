/** JSON values as CEL values, by their schema: integers are not doubles, and names that CEL reserves are escaped. Pure. */
import type { CelInput } from "@bufbuild/cel";
import type { Schema } from "./definitions.ts";
import { isRecord } from "./values.ts";

/** Kubernetes CEL, "Escaping": these property names are written `__name__`. */
const RESERVED = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** `value` fits the schema: see structural.ts. */
export function celValue(schema: Schema, value: unknown): CelInput {
  if (Array.isArray(value)) return value.map((item) => celValue(schema.items ?? {}, item));
  if (isRecord(value)) return celObject(schema, value);
  if (typeof value === "number" && schema.type !== "number") return BigInt(value);
  return value as string | number | boolean | null;
}

/** Keys of maps are data and stay as they are; names of properties are escaped. */
function celObject({ properties, additionalProperties }: Schema, value: Readonly<Record<string, unknown>>): CelInput {
  const members = new Map<string, CelInput>();
  const items = typeof additionalProperties === "object" ? additionalProperties : undefined;
  for (const [name, member] of Object.entries(value)) {
    const property = properties?.[name];
    if (property !== undefined) members.set(escaped(name), celValue(property, member));
    // What the schema preserves without knowing it is hidden from rules.
    else if (items !== undefined) members.set(name, celValue(items, member));
  }
  return members;
}

function escaped(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
}
