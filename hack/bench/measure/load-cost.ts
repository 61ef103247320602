/** One run of load on one contender, and what it cost: the processor time of the proxy between the edges of the window. */
import { type LoadMode, type Outcome, startLoad } from "../load/generator.ts";
import { formatAddress } from "../world.ts";
import type { Laboratory, Subject } from "./laboratory.ts";
import { busySeconds, cpuSeconds, memoryKib } from "./usage.ts";

export interface LoadCost {
  readonly outcome: Outcome;
  /** Of the proxy with its children; undefined where there is no proxy. */
  readonly proxyCpuSeconds: number | undefined;
  /** At the end of the window. */
  readonly memoryKib: number;
  /** How much of a processor went to others than those that are measured. */
  readonly foreignCores: number;
}

interface Reading {
  readonly proxy: number;
  readonly bench: number;
  readonly machine: number;
  readonly atMs: number;
  readonly memoryKib: number;
}

/** `benchPids`: further processes of the bench, whose processor time is not counted as that of other programs. */
export async function costOfLoad(
  laboratory: Laboratory,
  subject: Subject,
  mode: LoadMode,
  flags: Readonly<Record<string, string>>,
  benchPids: readonly number[] = [],
): Promise<LoadCost> {
  const pids = subject.pids();
  const read = (generatorPid: number): Reading => ({
    proxy: cpuSeconds(pids),
    bench: cpuSeconds([process.pid, generatorPid, ...benchPids, ...laboratory.backendPids]),
    machine: busySeconds(),
    atMs: performance.now(),
    memoryKib: memoryKib(pids),
  });
  const edges: { begin?: Reading; end?: Reading } = {};
  const load = startLoad(
    laboratory.generator,
    mode,
    { target: formatAddress(subject.target(mode, flags)), ...flags },
    {
      begin(generatorPid) {
        edges.begin = read(generatorPid);
      },
      end(generatorPid) {
        edges.end = read(generatorPid);
      },
    },
  );
  const outcome = await load.outcome;
  const { begin, end } = edges;
  if (begin === undefined || end === undefined) throw new Error("the load ended without a window");
  const seconds = (end.atMs - begin.atMs) / 1000;
  const foreign = end.machine - begin.machine - (end.proxy - begin.proxy) - (end.bench - begin.bench);
  return {
    outcome,
    proxyCpuSeconds: pids.length === 0 ? undefined : end.proxy - begin.proxy,
    memoryKib: end.memoryKib,
    foreignCores: Math.max(0, foreign / seconds),
  };
}
