/**
 * Writes log lines to a stream: all lines of one event-loop iteration in one write, so that a slow pipe does not interrupt other work.
 * Buffers at most `MAX_BUFFERED_CHARACTERS` while the reader is slow or closed. Drops and counts the lines beyond.
 */
import { Writable } from "node:stream";
import type { LogLevel } from "./fields.ts";

/** About 12,000 lines of access log: a reader that pauses for seconds loses nothing, and memory grows by at most about 10 MB. */
export const MAX_BUFFERED_CHARACTERS = 4 * 1024 * 1024;
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
  #lines: string[] = [];
  /** Number of characters that the target has not accepted. */
  #bufferedCharacters = 0;
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

  #append(line: string): void {
    if (this.#lines.length === 0) setImmediate(() => this.#flush());
    this.#lines.push(line);
    this.#bufferedCharacters += line.length;
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const { length } = this.#lines;
    const text = this.#lines.join("");
    this.#lines = [];
    this.#options.target.write(text, (error) => this.#onWritten(length, text.length, error));
  }

  #onWritten(lines: number, characters: number, error: Error | null | undefined): void {
    this.#bufferedCharacters -= characters;
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
