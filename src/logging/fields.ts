/**
 * One log entry as plain data: what the formats print. Turns errors into members that JSON can carry and keeps a field
 * from overwriting the entry's own members. Never writes anywhere.
 */
import type { LogFields } from "../model/log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogEntry {
  readonly [field: string]: unknown;
  /** RFC 3339 in UTC, with milliseconds. */
  readonly timestamp: string;
  readonly level: LogLevel;
  readonly message: string;
}

const OWN_MEMBERS = new Set(["timestamp", "level", "message"]);

/** A chain of causes longer than this is a cycle or noise. */
const MAX_CAUSES = 8;

/** An entry whose own members come first; a field of the same name is kept with an underscore behind it. */
export function logEntry(timestamp: string, level: LogLevel, message: string, fields: LogFields): LogEntry {
  const entry: Record<string, unknown> = { timestamp, level, message };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    entry[OWN_MEMBERS.has(name) ? `${name}_` : name] = value instanceof Error ? errorFields(value) : value;
  }
  return entry as LogEntry;
}

/** JSON.stringify gives `{}` for an Error: its members are not enumerable. */
function errorFields(error: Error, depth = 0): Record<string, unknown> {
  const { name, message, stack, cause, ...rest } = error;
  const fields: Record<string, unknown> = { name: error.name, message, ...rest, stack };
  if (cause instanceof Error) {
    if (depth < MAX_CAUSES) fields.cause = errorFields(cause, depth + 1);
  } else if (cause !== undefined) {
    fields.cause = cause;
  }
  return fields;
}
