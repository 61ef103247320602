/**
 * The long run: a mixture of connections at a fixed rate, reloads beside it, samples of what the proxy holds, and at the end
 * the accounts.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "../bench/measure/usage.ts";
import { formatAddress } from "../bench/world.ts";
import { type Entry, endedByReason, isSettled, settle, type Told } from "./accounts.ts";
import type { SoakedProxy } from "./proxy.ts";
import { type Finding, judgeFlatness, judgeRest, type Sample } from "./verdict.ts";
import { vitalsOf } from "./vitals.ts";
import { LISTEN } from "./world.ts";

const SAMPLE_SECONDS = 5;
const RELOAD_SECONDS = 7;
/** Longer than any of the proxy's own patience with what is left of a connection, such as lingering. */
const REST_SECONDS = 15;
/** Both ends of each; see PIPES_OF_ALL_WORKERS. */
const PIPE_ENDS_OF_POOL = 512;
const MOST_COMPLAINTS = 20;

export interface MixedResult {
  readonly seconds: number;
  readonly acts: Readonly<Record<string, Told>>;
  readonly skipped: number;
  readonly samples: readonly Sample[];
  readonly findings: readonly Finding[];
  readonly entries: readonly Entry[];
  readonly reloads: number;
  /** Of the proxy, with those for reloading. */
  readonly cpuSeconds: number;
  /** The load's failures with their times, and the proxy's warnings and errors; the first of each. */
  readonly complaints: readonly string[];
}

export async function soakMixed(
  generator: string,
  proxy: SoakedProxy,
  { minutes, rate }: { readonly minutes: number; readonly rate: number },
  say: (what: string) => void,
): Promise<MixedResult> {
  const before = vitalsOf(proxy.pid);
  const startedAtMs = performance.now();
  const cpuBefore = cpuSeconds([proxy.pid]);
  const sinceStart = () => (performance.now() - startedAtMs) / 1_000;
  const flags = ["-target", formatAddress(LISTEN), "-per-second", String(rate), "-duration", `${minutes * 60}s`];
  const load = spawn(generator, ["soak", ...flags]);
  const over = new AbortController();
  const told = outcomeOf(load).finally(() => over.abort());
  const samples: Sample[] = [];
  const sampling = every(SAMPLE_SECONDS, over.signal, async () => {
    const sample = { seconds: sinceStart(), ...vitalsOf(proxy.pid) };
    samples.push(sample);
    if (samples.length % 12 === 0) say(lineOf(sample));
  });
  const reloading = every(RELOAD_SECONDS, over.signal, () => proxy.reload());
  try {
    const [outcome] = await Promise.all([told, sampling, reloading]);
    const used = cpuSeconds([proxy.pid]) - cpuBefore;
    await sleep(REST_SECONDS * 1_000);
    // Before the metrics are asked for, by a connection of their own.
    const rest = judgeRest(before, vitalsOf(proxy.pid), PIPE_ENDS_OF_POOL);
    const entries = settle(outcome.acts, endedByReason(await proxy.metrics()));
    // Of the minutes asked for: the last connections may take longer to end.
    const flat = judgeFlatness(samples, minutes * 60);
    return {
      ...outcome,
      samples,
      findings: [...flat, ...rest],
      entries,
      reloads: proxy.reloads,
      cpuSeconds: used,
      complaints: [...outcome.complaints, ...proxy.complaints().slice(0, MOST_COMPLAINTS)],
    };
  } finally {
    load.kill("SIGKILL");
  }
}

export function isGood({ acts, skipped, findings, entries, complaints }: MixedResult): boolean {
  const failed = Object.values(acts).some(({ done, failures }) => done === 0 || Object.keys(failures).length > 0);
  return (
    !failed &&
    skipped === 0 &&
    findings.every((one) => one.isGood) &&
    entries.every(isSettled) &&
    complaints.length === 0
  );
}

function lineOf({ seconds, sockets, pipes, others, pssKib }: Sample): string {
  return `${(seconds / 60).toFixed(1)} min: ${sockets} sockets, ${pipes} pipes, ${others} others, ${Math.round(pssKib / 1024)} MiB`;
}

interface LoadOutcome extends Pick<MixedResult, "acts" | "seconds" | "skipped"> {
  readonly complaints: readonly string[];
}

async function outcomeOf(load: ChildProcessWithoutNullStreams): Promise<LoadOutcome> {
  const complaints: string[] = [];
  createInterface({ input: load.stderr }).on("line", (line) => {
    if (complaints.length < MOST_COMPLAINTS) complaints.push(line);
  });
  let last = "";
  for await (const line of createInterface({ input: load.stdout })) last = line;
  if (last === "") throw new Error(`the load broke off: ${complaints.join("; ")}`);
  return { ...(JSON.parse(last) as Omit<LoadOutcome, "complaints">), complaints };
}

/** Until told to stop. Whatever `act` throws ends it. */
async function every(seconds: number, stop: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!stop.aborted) {
    await sleep(seconds * 1_000, undefined, { signal: stop }).catch(() => undefined);
    if (!stop.aborted) await act();
  }
}
