/**
 * Whether what a process holds has stayed flat: medians of a late window against those of an early one, after a warm-up, and what
 * is left when the load has gone. Pure.
 */
import { summarise } from "../bench/measure/statistics.ts";
import type { Vitals } from "./vitals.ts";

export interface Sample extends Vitals {
  /** Since the load began. */
  readonly seconds: number;
}

export interface Finding {
  readonly what: string;
  readonly early: number;
  readonly late: number;
  /** The most that `late` may be. */
  readonly most: number;
  readonly isGood: boolean;
}

interface Bound {
  readonly what: keyof Vitals;
  readonly share: number;
  readonly more: number;
}

/** The load is a mixture, so its connections of one moment vary; a leak of one descriptor in 500 connections shows all the same. */
const BOUNDS: readonly Bound[] = [
  { what: "sockets", share: 0.15, more: 40 },
  { what: "pipes", share: 0.15, more: 16 },
  { what: "others", share: 0, more: 2 },
  { what: "threads", share: 0, more: 2 },
  { what: "pssKib", share: 0.05, more: 6_144 },
];

const LONGEST_WARM_UP_SECONDS = 300;
const WARM_UP_SHARE = 0.25;

/** The first and the last third of what follows the warm-up. Throws where a window is empty. */
export function judgeFlatness(samples: readonly Sample[], seconds: number): readonly Finding[] {
  const warmUp = Math.min(seconds * WARM_UP_SHARE, LONGEST_WARM_UP_SECONDS);
  const third = (seconds - warmUp) / 3;
  const between = (from: number, to: number) => samples.filter((one) => one.seconds >= from && one.seconds < to);
  const early = between(warmUp, warmUp + third);
  const late = between(seconds - third, seconds);
  return BOUNDS.map(({ what, share, more }) => {
    const [first, last] = [medianOf(early, what), medianOf(late, what)];
    return finding(what, first, last, first * (1 + share) + more);
  });
}

/** `before` the load, and some time `after` it. Pipes stay in their pool, which is for all workers together. */
export function judgeRest(before: Vitals, after: Vitals, pipesOfPool: number): readonly Finding[] {
  return [
    finding("sockets when the load has gone", before.sockets, after.sockets, before.sockets),
    finding("pipes when the load has gone", before.pipes, after.pipes, before.pipes + pipesOfPool),
    finding("others when the load has gone", before.others, after.others, before.others),
  ];
}

function finding(what: string, early: number, late: number, most: number): Finding {
  return { what, early, late, most: Math.floor(most), isGood: late <= most };
}

function medianOf(samples: readonly Sample[], what: keyof Vitals): number {
  const summary = summarise(samples.map((sample) => sample[what]));
  if (summary === undefined) throw new Error("too short: a window has no sample");
  return summary.median;
}
