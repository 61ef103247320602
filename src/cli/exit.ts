/** Exit codes and the one way in which a command says why it ends. */

export const EXIT = {
  ok: 0,
  /** Something went wrong while running. */
  failed: 1,
  /** The command line, a file or a port that was asked for cannot be used; nothing was started. */
  usage: 2,
  /** Nobody reads what is written any more: 128 and the number of SIGPIPE, as of a program that the signal has ended. */
  outputClosed: 141,
} as const;

/** Bad input: each line is shown as it is, without a stack, and the exit code is 2. */
export class UsageError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
    this.name = "UsageError";
    this.lines = lines;
  }
}
