/**
 * Does an object still hold exactly what we applied? Compared by what the API server itself remembers of it: the field set
 * (`fieldsV1`, the structured-merge-diff v4 format) of our last server-side apply. Pure.
 */
import type { ManagedObject } from "../informer/trim.ts";
import { isObject, jsonEqual } from "./canonical.ts";

/** Every field of `wanted` is in `live` with that value; `live` may hold more, as defaults and other managers' fields. */
export function holds(live: unknown, wanted: unknown): boolean {
  if (isObject(wanted)) {
    if (!isObject(live)) return false;
    return Object.entries(wanted).every(([name, value]) => value === undefined || holds(live[name], value));
  }
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) &&
      live.length === wanted.length &&
      wanted.every((item, index) => holds(matching(live, item, index), item))
    );
  }
  return jsonEqual(live, wanted);
}

/** Every field that `manager` has applied to `live` is still wanted. False when it has applied none. */
export function ownsNoMoreThan(live: ManagedObject, wanted: unknown, manager: string): boolean {
  const entry = live.metadata.managedFields?.find(
    (candidate) =>
      candidate.manager === manager && candidate.operation === "Apply" && candidate.subresource === undefined,
  );
  return entry !== undefined && isObject(entry.fieldsV1) && covers(wanted, entry.fieldsV1);
}

/**
 * Path elements are `.` (the thing itself), `f:<member>`, `k:<JSON of the key fields of a list item>`, `v:<JSON of a set's
 * item>`. Of an unknown element (`i:` for an index) we say no: the object is applied once more, which changes nothing.
 */
function covers(wanted: unknown, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([element, below]) => {
    if (element === ".") return true;
    const found = lookUp(wanted, element);
    return found !== undefined && (!isObject(below) || covers(found, below));
  });
}

function lookUp(wanted: unknown, element: string): unknown {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return isObject(wanted) ? wanted[rest] : undefined;
  if (!Array.isArray(wanted)) return undefined;
  if (element.startsWith("v:")) return wanted.find((item) => jsonEqual(item, parse(rest)));
  if (element.startsWith("k:")) return wanted.find((item) => holds(item, parse(rest)));
  return undefined;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Items of Kubernetes' lists that merge by key keep no order that matters; those with a name are compared by it. */
function matching(live: readonly unknown[], wanted: unknown, index: number): unknown {
  if (!isObject(wanted) || typeof wanted.name !== "string") return live[index];
  return live.find((item) => isObject(item) && item.name === wanted.name) ?? live[index];
}

/**
 * The fields of `wanted` with the values that `live` has for them: what the API server made of what was applied, such as `1`
 * of the quantity `1000m`.
 */
export function project(live: unknown, wanted: unknown): unknown {
  if (isObject(wanted) && isObject(live)) {
    return Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, project(live[name], value)]));
  }
  if (Array.isArray(wanted) && Array.isArray(live)) {
    return wanted.map((item, index) => project(matching(live, item, index), item));
  }
  return live;
}
