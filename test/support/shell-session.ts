/**
 * One bash that runs commands one after another, as a person at a terminal does: what a command exports, the next one has.
 * Owns the shell process; judges no exit status.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { CommandResult } from "./run-command.ts";

export class ShellSession {
  readonly #shell: ChildProcessWithoutNullStreams;
  #stdout = "";
  #stderr = "";
  #onOutput: () => void = () => {};

  /** `shell`: a bash that reads its commands from standard input. */
  constructor(shell: ChildProcessWithoutNullStreams) {
    this.#shell = shell;
    const keep = (add: (text: string) => void) => (text: string) => {
      add(text);
      this.#onOutput();
    };
    shell.stdout.setEncoding("utf8").on(
      "data",
      keep((text) => (this.#stdout += text)),
    );
    shell.stderr.setEncoding("utf8").on(
      "data",
      keep((text) => (this.#stderr += text)),
    );
    shell.stdin.on("error", () => {});
    shell.on("close", () => this.#onOutput());
  }

  /** Throws when the commands have not ended in time, or have ended the shell. */
  async run(commands: string, timeoutMs = 180_000): Promise<CommandResult> {
    const mark = `end-of-step-${randomUUID()}`;
    this.#stdout = "";
    this.#stderr = "";
    // Both outputs are marked: neither may be read before it is complete.
    this.#shell.stdin.write(`${commands}\necho ${mark} $?; echo ${mark} >&2\n`);
    const code = await this.#untilMarked(mark, timeoutMs);
    const [stdout = "", stderr = ""] = [this.#stdout, this.#stderr].map((text) => text.slice(0, text.indexOf(mark)));
    return { code, stdout, stderr };
  }

  async end(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#shell.once("close", resolve));
    this.#shell.kill("SIGKILL");
    await closed;
  }

  #untilMarked(mark: string, timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}\n${this.#stderr}${this.#stdout}`));
      const timer = setTimeout(() => fail(`the shell's commands have not ended within ${timeoutMs} ms`), timeoutMs);
      this.#onOutput = () => {
        const code = new RegExp(`${mark} (\\d+)\\n`).exec(this.#stdout)?.[1];
        const isOver = this.#shell.exitCode !== null || this.#shell.signalCode !== null;
        if (code === undefined && isOver) fail("the commands ended the shell");
        if (isOver || (code !== undefined && this.#stderr.includes(mark))) clearTimeout(timer);
        else return;
        this.#onOutput = () => {};
        resolve(Number(code));
      };
    });
  }
}
