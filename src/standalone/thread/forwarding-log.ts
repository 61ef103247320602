/** A logger whose lines are written by another thread. */
import type { LogFields, Logger } from "../../model/log.ts";
import type { FromReader } from "./messages.ts";

export function forwardingLog(send: (message: FromReader) => void, bound: LogFields = {}): Logger {
  const write = (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: LogFields) =>
    send({ type: "log", level, message, fields: { ...bound, ...fields } });
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => forwardingLog(send, { ...bound, ...fields }),
  };
}
