/**
 * A contender that runs: in a folder of its own, on the proxy's core, until it is stopped.
 * Owns its processes and ends them all, by their ids; knows nothing of what it is measured for.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Site } from "./contenders/contender.ts";
import { onProxyCore } from "./measure/cores.ts";
import { processTree } from "./measure/usage.ts";
import { answers } from "./probe.ts";
import type { Address, Route } from "./world.ts";

/** No contender may take longer to serve its first connection: a while to start at all, and then some for each route. */
const START_DEADLINE_MS = 20_000;
const START_DEADLINE_MS_PER_ROUTE = 2;

export class Running {
  readonly contender: Contender;
  readonly site: Site;
  /** From the start of the process to the first good connection, in seconds. */
  readonly startSeconds: number;
  readonly #child: ChildProcess;
  /** A bench that is interrupted leaves nothing running. */
  readonly #onExit = () => end(this.contender, this.#child, this.site);

  private constructor(contender: Contender, site: Site, child: ChildProcess, startSeconds: number) {
    this.contender = contender;
    this.site = site;
    this.#child = child;
    this.startSeconds = startSeconds;
    process.once("exit", this.#onExit);
  }

  /** Resolves at the first good connection. `hello` is one for a route that exists. Throws where there is none in time. */
  static async start(contender: Contender, listen: Address, routes: readonly Route[], hello: Buffer): Promise<Running> {
    const site: Site = { folder: mkdtempSync(join(tmpdir(), "fsm-bench-")), listen, routes };
    const command = await contender.configure(site);
    const { program, args } = onProxyCore(command);
    const output = openSync(logFile(site), "w");
    const startedAtMs = performance.now();
    const child = spawn(program, args, { stdio: ["ignore", output, output], env: { ...process.env, ...command.env } });
    closeSync(output);
    const ended = new Promise<string>((resolve) => {
      child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? code}`));
      child.once("error", (error) => resolve(`it did not start: ${error.message}`));
    });
    const waiting = new AbortController();
    const failure = await Promise.race([ended, firstConnection(site, hello, startedAtMs, waiting.signal)]);
    waiting.abort();
    if (failure !== undefined) {
      const log = logTail(site);
      end(contender, child, site);
      throw new Error(`${failure}${log === "" ? "" : `: ${log}`}`);
    }
    return new Running(contender, site, child, (performance.now() - startedAtMs) / 1000);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The process and its descendants as they are now. */
  pids(): readonly number[] {
    return processTree(this.pid);
  }

  logTail(): string {
    return logTail(this.site);
  }

  stop(): void {
    process.removeListener("exit", this.#onExit);
    end(this.contender, this.#child, this.site);
  }
}

async function firstConnection(
  { listen, routes }: Site,
  hello: Buffer,
  startedAtMs: number,
  givenUp: AbortSignal,
): Promise<string | undefined> {
  const deadlineMs = START_DEADLINE_MS + START_DEADLINE_MS_PER_ROUTE * routes.length;
  while (!givenUp.aborted && performance.now() - startedAtMs < deadlineMs) {
    if (await answers(listen, hello, 1000)) return undefined;
    await sleep(5);
  }
  return `no good connection within ${Math.round(deadlineMs / 1000)} s`;
}

/** Of a contender's last line, so much goes into a table. */
const LOG_LENGTH = 200;

const logFile = (site: Site) => join(site.folder, "output.log");

function logTail(site: Site): string {
  return readFileSync(logFile(site), "utf8").trim().split("\n").at(-1)?.slice(0, LOG_LENGTH) ?? "";
}

function end(contender: Contender, child: ChildProcess, site: Site): void {
  if (child.pid !== undefined && child.exitCode === null) {
    // Parents last, so that none can start another child.
    for (const pid of processTree(child.pid).toReversed()) kill(pid);
  }
  contender.release?.(site);
  rmSync(site.folder, { recursive: true, force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
