/**
 * How an entry looks: one JSON object a line for machines, or a line that people read at a terminal. Pure text; the
 * colours are asked for by the caller, who knows the stream.
 */
import { styleText } from "node:util";
import type { LogEntry, LogLevel } from "./fields.ts";

export type LogFormat = "json" | "text";

export const LOG_FORMATS: readonly LogFormat[] = ["json", "text"];

const COLOURS = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const satisfies Record<
  LogLevel,
  string
>;

/**
 * `10:12:34.567 WARN  message key=value other="two words"`. On the lines below: stacks of errors, and the field `problems`, one problem a
 * line.
 */
export function textLine(entry: LogEntry, coloured: boolean): string {
  const { timestamp, level, message, ...fields } = entry;
  const label = level.toUpperCase().padEnd(5);
  const parts = [timestamp.slice(11, 23), coloured ? paint(COLOURS[level], label) : label, message];
  const below: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (name === "problems" && isTextList(value)) {
      below.push(...value.map(indented));
      continue;
    }
    const { text, stack } = textField(value);
    parts.push(`${coloured ? paint("dim", `${name}=`) : `${name}=`}${text}`);
    if (stack !== undefined) below.push(indented(stack));
  }
  return [parts.join(" "), ...below].join("\n");
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}

function textField(value: unknown): { text: string; stack?: string } {
  if (typeof value === "object" && value !== null && "stack" in value && typeof value.stack === "string") {
    const { message } = value as { message?: unknown };
    return { text: JSON.stringify(message ?? ""), stack: value.stack };
  }
  if (typeof value === "string") return { text: /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value) };
  return { text: jsonText(value) };
}

/** One line of JSON; a bigint becomes a string of digits and a cycle is said instead of thrown. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value, bigintAsText) ?? String(value);
  } catch (error) {
    return JSON.stringify({ unprintable: error instanceof Error ? error.message : String(error) });
  }
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

function paint(style: Parameters<typeof styleText>[0], text: string): string {
  return styleText(style, text, { validateStream: false });
}
