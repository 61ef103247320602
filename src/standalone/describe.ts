/**
 * An object as `kubectl describe` prints one of a kind it does not know: labels in title case, keys sorted, values of
 * consecutive lines in one column. Pure. It prints what is given, and makes nothing up.
 */
import type { ObjectMeta } from "../gateway-api/objects.ts";

export interface Describable {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** A line of the output; one without a value ends the column above it. */
interface Line {
  readonly label: string;
  readonly value?: string;
}

const INDENT = "  ";
const COLUMN_GAP = "  ";

export function describe({ apiVersion, kind, metadata, spec, status }: Describable): string {
  const head: Line[] = [
    { label: "Name:", value: metadata.name },
    { label: "Namespace:", value: metadata.namespace ?? "" },
    { label: "API Version:", value: apiVersion },
    { label: "Kind:", value: kind },
  ];
  return `${align([...head, ...section("Spec:", spec), ...section("Status:", status)]).join("\n")}\n`;
}

function section(label: string, value: unknown): readonly Line[] {
  return value === undefined ? [] : [{ label }, ...lines(value, INDENT)];
}

function lines(value: unknown, indent: string): readonly Line[] {
  if (!isRecord(value)) return [{ label: `${indent}${String(value)}` }];
  return Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .flatMap((key) => member(key, value[key], indent));
}

function member(key: string, value: unknown, indent: string): readonly Line[] {
  const label = `${indent}${title(key)}:`;
  if (Array.isArray(value)) return [{ label }, ...value.flatMap((item) => lines(item, indent + INDENT))];
  if (isRecord(value)) return [{ label }, ...lines(value, indent + INDENT)];
  return [{ label, value: String(value) }];
}

/** `lastTransitionTime` → `Last Transition Time`. */
function title(key: string): string {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function align(all: readonly Line[]): readonly string[] {
  const out: string[] = [];
  for (let start = 0; start < all.length; ) {
    const end = endOfColumn(all, start);
    const column = all.slice(start, end);
    const width = Math.max(...column.map(({ label }) => label.length));
    for (const { label, value } of column) {
      out.push(value === undefined ? label : `${label.padEnd(width)}${COLUMN_GAP}${value}`);
    }
    start = end;
  }
  return out;
}

function endOfColumn(all: readonly Line[], start: number): number {
  let end = start + 1;
  if (all[start]?.value === undefined) return end;
  while (all[end]?.value !== undefined) end++;
  return end;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
