/**
 * Pepr logs with pino; this leads its lines into our logger, so that the process speaks one format. Pino has no public way
 * to change the destination of a logger that exists already, as Pepr's does on import: it publishes the symbol of the
 * destination (`pino.symbols.streamSym`), and children inherit it through the prototype.
 */
import type { LogFields, Logger } from "../model/log.ts";

/** What we need of a pino logger; Pepr's `Log` is one. */
export interface PinoLogger {
  level: string;
}

/** Pino's numbers. Pepr narrates each request at `info`, which is our `debug`. */
const WARN = 40;
const ERROR = 50;

/**
 * Every line of `peprLog` and its children goes to `log` with `logger: "pepr"`. With `verbose`, Pepr's narration comes too,
 * as `debug`. Throws when Pepr's logger is not a pino logger as known: its lines would otherwise go elsewhere unseen.
 */
export function bridgePepr(peprLog: PinoLogger, log: Logger, options: { readonly verbose?: boolean } = {}): void {
  const destination = Object.getOwnPropertySymbols(peprLog).find((symbol) => symbol.description === "pino.stream");
  if (destination === undefined) throw new Error("Pepr's logger has no pino destination to replace");
  const target = log.child({ logger: "pepr" });
  Object.assign(peprLog, { [destination]: { write: (line: string) => writeLine(target, line) } });
  peprLog.level = options.verbose === true ? "info" : "warn";
}

function writeLine(log: Logger, line: string): void {
  const { level, msg, fields } = parseLine(line);
  if (level >= ERROR) log.error(msg, fields);
  else if (level >= WARN) log.warn(msg, fields);
  else log.debug(msg, fields);
}

function parseLine(line: string): { level: number; msg: string; fields: LogFields } {
  const { level, msg, time, pid, hostname, ...fields } = JSON.parse(line) as Record<string, unknown>;
  return { level: Number(level), msg: typeof msg === "string" ? msg : "", fields };
}
