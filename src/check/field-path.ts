/** Paths of fields as text, and back. Pure. */
import type { Path } from "./schema/definitions.ts";

/** `spec.listeners[0].port` → its parts. Names with dots in them do not occur where this is used. */
export function pathOf(field: string): Path {
  return field
    .split(/[.[\]]+/)
    .filter((part) => part !== "")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** The value at a path; undefined when the path leads nowhere. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string | number, unknown>)[part] : undefined,
    value,
  );
}
