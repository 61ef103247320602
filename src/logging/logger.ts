/**
 * The program's one logger: winston behind the Logger type of the model. It decides nothing about what is logged; `main()`
 * makes one and passes it on. Child fields are kept here, because winston's own children join `message` fields to the text.
 */
import winston from "winston";
import type { LogFields, Logger } from "../model/log.ts";
import { type LogEntry, type LogLevel, logEntry } from "./fields.ts";
import { jsonText, type LogFormat, textLine } from "./format.ts";
import { LogOutput } from "./log-output.ts";

export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export interface LoggerOptions {
  /** The least urgent level that is written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where lines go; standard output unless a test wants them. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly now?: () => Date;
}

/** Symbol under which winston's transports look for the finished line (triple-beam). */
const MESSAGE = Symbol.for("message");

/** The program's own logger, whose children follow what is adjusted here. */
export interface AdjustableLogger extends Logger {
  /** Number of lines dropped because the reader was too slow or closed. */
  droppedLines(): number;
  /** Writes whole lines of text for people between the log lines, and never waits for the reader. */
  print(text: string): void;
  /** From now on; what is absent is as the logger was made. */
  adjust(choices: Partial<Pick<LoggerOptions, "level" | "format">>): void;
}

export function createLogger(options: LoggerOptions): AdjustableLogger {
  const stream = options.stream ?? process.stdout;
  const coloured = stream.isTTY === true && process.env.NO_COLOR === undefined;
  let format = options.format;
  const line = winston.format((info) => {
    const entry = info as unknown as LogEntry;
    const text = format === "json" ? unprintableKept(entry) : textLine(entry, coloured);
    return Object.assign(info, { [MESSAGE]: text });
  });
  // A stream passed by the caller is not limited: only tests pass one.
  const output =
    options.stream === undefined
      ? new LogOutput({
          target: process.stdout,
          process,
          onResumed: (droppedLines) =>
            logger.warn("Log lines dropped; the reader of the log was too slow", { droppedLines }),
        })
      : undefined;
  const sink = winston.createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: line(),
    transports: [new winston.transports.Stream({ stream: output?.stream ?? stream })],
  });
  const send = (entry: LogEntry) => {
    if (output === undefined || output.tryAdmit(entry.level)) sink.log(entry);
  };
  const isEnabled = (level: LogLevel) => sink.isLevelEnabled(level);
  const logger: Logger = withFields({ isEnabled, send }, options.now ?? (() => new Date()), {});
  const adjust: AdjustableLogger["adjust"] = (choices) => {
    sink.level = choices.level ?? options.level;
    format = choices.format ?? options.format;
  };
  const print = (text: string) => (output === undefined ? void stream.write(text) : output.print(text));
  return { ...logger, adjust, print, droppedLines: () => output?.droppedLines ?? 0 };
}

/** An entry with a field that JSON cannot carry still says its message. */
function unprintableKept(entry: LogEntry): string {
  const text = jsonText(entry);
  if (!text.startsWith('{"unprintable":')) return text;
  const { timestamp, level, message } = entry;
  return jsonText({ timestamp, level, message, ...(JSON.parse(text) as object) });
}

interface Sink {
  isEnabled(level: LogLevel): boolean;
  send(entry: LogEntry): void;
}

function withFields(sink: Sink, now: () => Date, bound: LogFields): Logger {
  const write = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (!sink.isEnabled(level)) return;
    sink.send(logEntry(now().toISOString(), level, message, { ...bound, ...fields }));
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    isEnabled: (level) => sink.isEnabled(level),
    child: (fields) => withFields(sink, now, { ...bound, ...fields }),
  };
}
