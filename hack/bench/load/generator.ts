/**
 * The Go program of this folder: builds it into the cache, runs it as backends and as load. Owns the protocol between the
 * program and the driver (window.go): at either edge of the window it says so, and waits for a line.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cacheFolder, fillFolder, lastLine, MissingPrerequisite, run } from "../../image/environment.ts";

/** What a run of load did. Latencies in microseconds. */
export interface Outcome {
  readonly seconds: number;
  readonly done: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly latency: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number };
}

export type LoadMode = "connections" | "handshakes" | "bulk" | "round-trips" | "idle" | "slow-hellos";

/** The path of the built program. Throws MissingPrerequisite. */
export function buildGenerator(): string {
  const sources = globSync("*.{go,mod}", { cwd: import.meta.dirname }).sort();
  const hash = createHash("sha256").update(process.arch);
  for (const file of sources) hash.update(file).update(readFileSync(join(import.meta.dirname, file)));
  const folder = join(cacheFolder(), "bench", `load-${hash.digest("hex").slice(0, 16)}`);
  const program = join(folder, "load");
  if (existsSync(program)) return program;
  fillFolder(folder, (partial) => {
    const built = run(
      "go",
      ["build", "-buildvcs=false", "-trimpath", "-o", join(partial, "load"), "."],
      import.meta.dirname,
    );
    if (!built.ok) throw new MissingPrerequisite(`go cannot build hack/bench/load: ${lastLine(built.stderr)}`);
  });
  return program;
}

/** Resolves once the backends listen; they end with this process, or when told. */
export async function startBackends(program: string, args: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(program, args);
  const errors = collect(child);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") return child;
  }
  throw new Error(`the backends did not start (does another bench run?): ${errors.text.trim()}`);
}

/** Called at the edges of the window, while the load stands still. */
export interface Edges {
  begin(generatorPid: number): void;
  end(generatorPid: number): void;
}

export interface Load {
  readonly outcome: Promise<Outcome>;
  /** Resolves when the window has begun. */
  readonly begun: Promise<void>;
  /** Ends a window of no fixed duration. */
  stop(): void;
  /** Ends the load wherever it is. Nothing happens where it has ended. */
  abort(): void;
}

export function startLoad(
  program: string,
  mode: LoadMode,
  flags: Readonly<Record<string, string>>,
  edges: Edges,
): Load {
  const child = spawn(program, [mode, ...Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value])]);
  const begun = Promise.withResolvers<void>();
  // Whoever waits for the outcome alone learns of a failure there.
  begun.promise.catch(() => {});
  const outcome = converse(child, edges, begun.resolve);
  outcome.catch(begun.reject);
  return {
    outcome,
    begun: begun.promise,
    stop: () => void child.stdin.write("\n"),
    abort: () => void child.kill("SIGKILL"),
  };
}

async function converse(child: ChildProcessWithoutNullStreams, edges: Edges, begun: () => void): Promise<Outcome> {
  const errors = collect(child);
  const pid = child.pid ?? 0;
  let outcome: Outcome | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "begin") {
      edges.begin(pid);
      child.stdin.write("\n");
      begun();
    } else if (line === "end") {
      edges.end(pid);
      child.stdin.write("\n");
    } else {
      outcome = JSON.parse(line) as Outcome;
    }
  }
  if (outcome === undefined) throw new Error(`the load broke off: ${errors.text.trim()}`);
  return outcome;
}

/** Says in one line what is wrong, or nothing. */
export async function checkProxy(program: string, target: string, routes: number): Promise<string | undefined> {
  const child = spawn(program, ["check", "-target", target, "-names", String(routes)]);
  const errors = collect(child);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "good") return undefined;
  }
  return errors.text.trim().replace(/^load: /, "");
}

/** A ClientHello for the server name, as the load sends it. */
export function helloOf(program: string, serverName: string): Buffer {
  const { ok, stdout, stderr } = run(program, ["hello", "-name", serverName]);
  if (!ok) throw new Error(`no hello: ${lastLine(stderr)}`);
  return Buffer.from(stdout.trim(), "hex");
}

function collect(child: ChildProcessWithoutNullStreams): { text: string } {
  const errors = { text: "" };
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors.text += chunk;
  });
  return errors;
}
