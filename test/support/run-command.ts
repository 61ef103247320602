/**
 * Runs a program and gives back what it said. Owns the child process and its time-out; never judges the exit status:
 * a test that wants a failure reads it like any other answer.
 */
import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface CommandOptions {
  /** Given to the program as its standard input; without it standard input is empty. */
  readonly input?: string | Uint8Array;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The program is killed after this time, and the call fails. Default one minute. */
  readonly timeoutMs?: number;
  /** Shows the program's standard error while it runs, for work that takes minutes. */
  readonly showProgress?: boolean;
}

/** Throws when the program cannot be started, is killed by a signal, or runs out of time. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const child = spawn(file, args, {
    env: { ...process.env, ...options.env },
    stdio: "pipe",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => reject(new Error(`${file} could not be started`, { cause })));
    child.once("close", (code, signal) => {
      if (code !== null) resolve(code);
      else reject(new Error(`${[file, ...args].join(" ")}: ended by ${signal} (time-out ${timeoutMs} ms)`));
    });
  });
  if (options.showProgress === true) child.stderr.pipe(process.stderr, { end: false });
  // A program may end without reading its input: that is its right, and no failure of the call.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const [code, stdout, stderr] = await Promise.all([ended, buffer(child.stdout), buffer(child.stderr)]);
  return { code, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** As runCommand, but a failure is an exception that says what the program said. Gives back standard output. */
export async function runOrThrow(file: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await runCommand(file, args, options);
  if (code !== 0) throw new Error(`${[file, ...args].join(" ")}: status ${code}\n${stderr}${stdout}`);
  return stdout;
}
