/**
 * What a build finds around it: the checkout, the cache folder, the tools of the machine.
 * Owns the wording when something is missing. Never decides what goes into the image.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** The machine lacks what the build needs; the message is one line that says what. The command ends with exit code 2. */
export class MissingPrerequisite extends Error {
  override readonly name = "MissingPrerequisite";
}

export const checkout = resolve(import.meta.dirname, "../..");

/** The project's cache outside the checkout. Whatever lies in it can be made again. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.FSM_GATEWAY_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "fsm-gateway");
}

/** A new folder beside `path`, moved to `path` once `fill` is done: an interrupted build leaves no half entry there. */
export function fillFolder(path: string, fill: (folder: string) => void): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = mkdtempSync(`${path}.`);
  try {
    fill(partial);
    rmSync(path, { recursive: true, force: true });
    renameSync(partial, path);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

export interface CommandResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws MissingPrerequisite where the machine does not have it. */
export function run(program: string, args: readonly string[], cwd = checkout): CommandResult {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
  if (error !== undefined && "code" in error && error.code === "ENOENT") {
    throw new MissingPrerequisite(`${program} is missing on this machine`);
  }
  if (error !== undefined) throw new Error(`${program} did not run`, { cause: error });
  return { ok: status === 0, stdout, stderr };
}

/** As `run`, for programs that must succeed; answers what they print. */
export function mustRun(program: string, args: readonly string[], cwd = checkout): string {
  const result = run(program, args, cwd);
  if (!result.ok) throw new Error(`${program} ${args.join(" ")}: ${lastLine(result.stderr || result.stdout)}`);
  return result.stdout;
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
