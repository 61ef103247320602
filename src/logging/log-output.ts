/**
 * Writes log lines, and text for people, to a stream: all of one event-loop iteration in one write, so that a slow pipe does not interrupt
 * other work. Buffers at most `MAX_BUFFERED_CHARACTERS` of lines and `MAX_PRINTED_CHARACTERS` of text while the reader is slow or closed.
 * Drops and counts the lines beyond.
 */
import { Writable } from "node:stream";
import type { LogLevel } from "./fields.ts";

/** About 12,000 lines of access log: a reader that pauses for seconds loses nothing, and memory grows by at most about 10 MB. */
export const MAX_BUFFERED_CHARACTERS = 4 * 1024 * 1024;
/** The statuses of 10,000 routes, which are printed at once at the start. */
export const MAX_PRINTED_CHARACTERS = 32 * 1024 * 1024;
/** Space for warnings and errors after access lines have filled the buffer. */
const EXTRA_FOR_URGENT_CHARACTERS = 256 * 1024;

export interface LogOutputOptions {
  readonly target: Writable;
  /** The remaining lines are written when this emits `exit`. */
  readonly process: NodeJS.EventEmitter;
  /** Called when the reader continues, with the number of lines dropped since the last call. */
  readonly onResumed: (droppedLines: number) => void;
}

export class LogOutput {
  /** Accepts finished lines, each with its line break. Never blocks the caller. */
  readonly stream: Writable;
  readonly #options: LogOutputOptions;
  #texts: string[] = [];
  /** Number of characters of log lines that the target has not accepted. */
  #bufferedCharacters = 0;
  /** Number of characters of other text that the target has not accepted. */
  #printedCharacters = 0;
  #unflushed = { lines: 0, printed: 0 };
  #droppedLines = 0;
  #unreportedLines = 0;

  constructor(options: LogOutputOptions) {
    this.#options = options;
    this.stream = new Writable({
      decodeStrings: false,
      write: (line: string, _encoding, done) => {
        this.#append(line);
        done();
      },
    });
    // A closed reader (EPIPE) must not end the process. Its lines are counted at the write.
    options.target.on("error", () => {});
    options.process.on("exit", () => this.#flush());
  }

  /** Number of dropped lines. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Reports whether the buffer has space for a line. Counts the line as dropped otherwise. */
  tryAdmit(level: LogLevel): boolean {
    const isUrgent = level === "error" || level === "warn";
    const limit = MAX_BUFFERED_CHARACTERS + (isUrgent ? EXTRA_FOR_URGENT_CHARACTERS : 0);
    if (this.#bufferedCharacters < limit) return true;
    this.#drop(1);
    return false;
  }

  /** Writes whole lines of text after the log lines before it. Never blocks; drops the text where there is no space for it. */
  print(text: string): void {
    if (this.#printedCharacters >= MAX_PRINTED_CHARACTERS) {
      this.#drop(countLines(text));
      return;
    }
    this.#printedCharacters += text.length;
    this.#add(text);
    this.#unflushed.printed += text.length;
  }

  #append(line: string): void {
    this.#bufferedCharacters += line.length;
    this.#add(line);
  }

  #add(text: string): void {
    if (this.#texts.length === 0) setImmediate(() => this.#flush());
    this.#texts.push(text);
    this.#unflushed.lines += countLines(text);
  }

  #flush(): void {
    if (this.#texts.length === 0) return;
    const text = this.#texts.join("");
    this.#texts = [];
    const { lines, printed } = this.#unflushed;
    this.#unflushed = { lines: 0, printed: 0 };
    this.#options.target.write(text, (error) => {
      this.#printedCharacters -= printed;
      this.#bufferedCharacters -= text.length - printed;
      this.#onWritten(lines, error);
    });
  }

  #onWritten(lines: number, error: Error | null | undefined): void {
    if (error !== null && error !== undefined) {
      this.#drop(lines);
    } else if (this.#unreportedLines > 0 && this.#bufferedCharacters < MAX_BUFFERED_CHARACTERS / 2) {
      const dropped = this.#unreportedLines;
      this.#unreportedLines = 0;
      this.#options.onResumed(dropped);
    }
  }

  #drop(lines: number): void {
    this.#droppedLines += lines;
    this.#unreportedLines += lines;
  }
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}
