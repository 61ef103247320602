/**
 * What a component needs to write a log line. The implementation (winston) is chosen by `main()` and passed in;
 * no module imports a logger.
 */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Would a line of this level be written? Absent: it may be. For who can spare itself the work that a line takes. */
  isEnabled?(level: "debug" | "info" | "warn"): boolean;
  /** A logger that adds these fields to each of its lines. */
  child(fields: LogFields): Logger;
}
