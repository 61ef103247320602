/** Steady traffic through a Gateway while a fault goes on: starts load-client.ts and reads its account. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

export interface LoadOptions {
  readonly address: string;
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly short: { readonly serverName: string; readonly perSecond: number };
  readonly long: { readonly serverName: string; readonly connections: number };
}

/** A connection that failed. */
export interface Mishap {
  /** Wall clock, ms: when a short one was begun, when a long one ended. */
  readonly atMs: number;
  readonly reason: string;
}

export interface LoadAccount {
  /** Short connections that were answered to the end. */
  readonly answered: number;
  /** Short connections that were not. */
  readonly failures: readonly Mishap[];
  /** The longest time in which no short connection was answered. */
  readonly longestGap: { readonly fromMs: number; readonly ms: number };
  /** Long connections, and those of them that ended before they were told to. */
  readonly long: { readonly opened: number; readonly ended: readonly Mishap[] };
}

export interface Load {
  stop(): Promise<LoadAccount>;
}

const PROGRAM = join(import.meta.dirname, "load-client.ts");

/** As far as this user may. */
function raise(pid: number | undefined): void {
  if (pid !== undefined && process.getuid?.() === 0) setPriority(pid, INSTRUMENT_PRIORITY);
}

/** Instruments come before what they look at: on a starved machine a client that is late would count as a failure of the gateway. */
export const INSTRUMENT_PRIORITY = -5;

/** Comes back once every long connection has its first answer. @throws when one has not. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: "pipe" });
  child.stdin.on("error", () => {});
  raise(child.pid);
  const ended = Promise.all([once(child, "close"), text(child.stderr)]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await lines.next();
    if (value !== undefined) return JSON.parse(value);
    const [[code], stderr] = await ended;
    throw new Error(`the client ended with ${code}: ${stderr}`);
  };
  const { opened } = await next();
  const stop = async (): Promise<LoadAccount> => {
    child.stdin.end();
    const account: LoadAccount = await next();
    await ended;
    return account;
  };
  if (opened !== options.long.connections) {
    const { long } = await stop();
    throw new Error(`${opened} of ${options.long.connections} long connections opened: ${JSON.stringify(long.ended)}`);
  }
  return { stop };
}
