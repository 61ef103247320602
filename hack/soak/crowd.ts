/**
 * What others see while a crowd of connections stands at the proxy: windows of new connections at a fixed rate, by turns without
 * and with the crowd, and the ratio of their p99.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type LoadMode, type Outcome, startLoad } from "../bench/load/generator.ts";
import { summarise } from "../bench/measure/statistics.ts";
import { cpuSeconds } from "../bench/measure/usage.ts";
import { formatAddress } from "../bench/world.ts";
import type { SoakedProxy } from "./proxy.ts";
import { vitalsOf } from "./vitals.ts";
import { LISTEN } from "./world.ts";

const WINDOW = { duration: "4s", "warm-up": "1s", "per-second": "200", names: "16", concurrency: "2000" };
/** Around a window: the crowd stands before it begins and after it has ended. */
const CROWD = { duration: "8s", "warm-up": "0s" };
const MOST_SECONDS_TO_LEAVE = 60;

export interface CrowdRound {
  /** Milliseconds. */
  readonly calmMedian: number;
  readonly crowdedMedian: number;
  readonly calmP99: number;
  readonly crowdedP99: number;
  /** Of the proxy while the crowd stood. */
  readonly socketsHeld: number;
  readonly pssKibHeld: number;
  /** A share of one processor, in either window. */
  readonly calmCores: number;
  readonly crowdedCores: number;
  /** Of the crowd and of the others, by what was seen. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface CrowdResult {
  readonly rounds: readonly CrowdRound[];
  /** Median p99 with the crowd by that without. */
  readonly ratio: number;
  readonly complaints: readonly string[];
}

const NO_EDGES = { begin() {}, end() {} };

export async function soakCrowd(
  generator: string,
  proxy: SoakedProxy,
  { mode, crowd, rounds }: { readonly mode: "idle" | "slow-hellos"; readonly crowd: number; readonly rounds: number },
  say: (what: string) => void,
): Promise<CrowdResult> {
  const target = { target: formatAddress(LISTEN) };
  const window = async () => {
    const before = cpuSeconds([proxy.pid]);
    const outcome = await load("connections", WINDOW);
    return { outcome, cores: (cpuSeconds([proxy.pid]) - before) / (outcome.seconds + 1) };
  };
  const load = (mode: LoadMode, flags: Readonly<Record<string, string>>): Promise<Outcome> =>
    startLoad(generator, mode, { ...target, ...flags }, NO_EDGES).outcome;
  // Code that is compiled as it runs is ready before the first round.
  await load("connections", WINDOW);
  const base = vitalsOf(proxy.pid).sockets;
  const done: CrowdRound[] = [];
  for (let round = 0; round < rounds; round++) {
    const calm = await window();
    const standing = startLoad(generator, mode, { ...target, ...CROWD, concurrency: String(crowd) }, NO_EDGES);
    try {
      await standing.begun;
      const crowded = await window();
      const held = vitalsOf(proxy.pid);
      const ofCrowd = await standing.outcome;
      const measured: CrowdRound = {
        calmMedian: calm.outcome.latency.p50 / 1_000,
        crowdedMedian: crowded.outcome.latency.p50 / 1_000,
        calmP99: calm.outcome.latency.p99 / 1_000,
        crowdedP99: crowded.outcome.latency.p99 / 1_000,
        socketsHeld: held.sockets - base,
        pssKibHeld: held.pssKib,
        calmCores: calm.cores,
        crowdedCores: crowded.cores,
        failures: { ...calm.outcome.failures, ...crowded.outcome.failures, ...ofCrowd.failures },
      };
      done.push(measured);
      say(JSON.stringify(measured));
    } finally {
      standing.abort();
    }
    await returnTo(proxy, base);
  }
  const middle = (values: readonly number[]) => summarise(values)?.median ?? Number.NaN;
  const ratio = middle(done.map(({ crowdedP99 }) => crowdedP99)) / middle(done.map(({ calmP99 }) => calmP99));
  return { rounds: done, ratio, complaints: proxy.complaints() };
}

/** A crowd that has left is gone from the proxy too. */
async function returnTo(proxy: SoakedProxy, base: number): Promise<void> {
  let { sockets } = vitalsOf(proxy.pid);
  for (let seconds = 0; sockets > base && seconds < MOST_SECONDS_TO_LEAVE; seconds++) {
    await sleep(1_000);
    ({ sockets } = vitalsOf(proxy.pid));
  }
  if (sockets > base) throw new Error(`${sockets} sockets a minute after the crowd has left, ${base} before it came`);
}

/** As many as the crowd must be held: for an idle connection two sockets, for an incomplete hello one. */
export function isGoodCrowd(
  { rounds, ratio, complaints }: CrowdResult,
  mode: "idle" | "slow-hellos",
  crowd: number,
): boolean {
  const least = crowd * (mode === "idle" ? 2 : 1);
  const held = rounds.every(({ socketsHeld, failures }) => socketsHeld >= least && Object.keys(failures).length === 0);
  return held && ratio <= MOST_RATIO && complaints.length === 0;
}

export const MOST_RATIO = 2;
