/** New connections: with a hello and nothing else, with many names, and with a whole TLS 1.3 handshake. */
import type { Outcome } from "../load/generator.ts";
import type { Laboratory } from "../measure/laboratory.ts";
import { costOfLoad, type LoadCost } from "../measure/load-cost.ts";
import type { Running } from "../running.ts";
import { costOf, FEW_ROUTES, failuresOf, type Metric, type Sample, type Scenario } from "./scenario.ts";
import { milliseconds } from "./units.ts";

const METRICS: readonly Metric[] = [
  { id: "cpu", label: "CPU", unit: "s / 10,000" },
  { id: "rate", label: "rate", unit: "1 / s" },
  { id: "p99", label: "p99", unit: "ms" },
];

export const connections: Scenario = {
  id: "connections",
  title: "New connections, 64 at a time: a hello, one byte from the backend, close",
  routes: FEW_ROUTES,
  fresh: false,
  direct: true,
  metrics: METRICS,
  async measure(laboratory, subject) {
    // Without a proxy there is one backend, and its letter must be the one that is expected.
    const names = subject.running === undefined ? 1 : FEW_ROUTES;
    const flags = { concurrency: "64", names: String(names), ...milliseconds(laboratory) };
    return sampleOf(await costOfLoad(laboratory, subject, "connections", flags));
  },
};

export const handshakes: Scenario = {
  id: "handshakes",
  title: "New connections, 32 at a time, each with a full TLS 1.3 handshake between client and backend",
  routes: FEW_ROUTES,
  fresh: false,
  direct: true,
  metrics: METRICS,
  async measure(laboratory, subject) {
    const flags = { concurrency: "32", ...milliseconds(laboratory) };
    return sampleOf(await costOfLoad(laboratory, subject, "handshakes", flags));
  },
};

/**
 * New connections as above, to so many server names in turn. A sample goes on with the names where the one before it has ended, so that
 * of a large table each name is asked for once: what a program makes at the first connection to a name is in the figure.
 */
export function connectionsWithRoutes(routes: number): Scenario {
  const asked = new WeakMap<Running, number>();
  return {
    id: `routes-${routes}`,
    title: `New connections, to ${routes.toLocaleString("en")} ${routes === 1 ? "route" : "routes in turn, each once before any is asked for twice"}`,
    routes,
    fresh: false,
    direct: false,
    metrics: METRICS,
    mostRounds: 3,
    async measure(laboratory, { running, ...subject }) {
      if (running === undefined) throw new Error("there are no routes without a proxy");
      const from = asked.get(running) ?? 0;
      const flags = { concurrency: "64", names: String(routes), from: String(from), ...milliseconds(laboratory) };
      const cost = await costOfLoad(laboratory, { running, ...subject }, "connections", flags);
      asked.set(running, from + mostAsked(laboratory, cost.outcome));
      return sampleOf(cost);
    },
  };
}

/** Names that a run of load may have asked for: some of them before its window, at a rate that nobody has counted, but not half as fast again. */
function mostAsked({ warmUpMs, windowMs }: Laboratory, { done }: Outcome): number {
  return Math.ceil((1.5 * done * (warmUpMs + windowMs)) / windowMs);
}

/** Of a large table: every so-many-th name, in odd steps, so that each backend has its share of them. */
const KNOWN_NAMES = 5_000;
/** A contender that does not get through them in so many short runs is too slow to be measured. */
const MOST_PASSES = 40;

/** The same, to names each of which has been asked for shortly before: what most connections to a large table are like. */
export function connectionsToKnownNames(routes: number): Scenario {
  const every = Math.floor(routes / KNOWN_NAMES / 2) * 2 - 1;
  const names = { concurrency: "64", names: String(KNOWN_NAMES), every: String(every) };
  const count = KNOWN_NAMES.toLocaleString("en");
  return {
    id: `routes-${routes}-known`,
    title: `New connections, to ${count} of ${routes.toLocaleString("en")} routes in turn, after one connection to each of them`,
    routes,
    fresh: false,
    direct: false,
    metrics: METRICS,
    mostRounds: 3,
    async measure(laboratory, subject) {
      const pass = { ...names, duration: `${laboratory.windowMs}ms`, "warm-up": "0s" };
      for (let asked = 0, passes = 0; asked < KNOWN_NAMES; passes++) {
        if (passes === MOST_PASSES) throw new Error(`${asked} of ${KNOWN_NAMES} names were served in ${passes} runs`);
        const { outcome } = await costOfLoad(laboratory, subject, "connections", { ...pass, from: String(asked) });
        asked += outcome.done;
      }
      return sampleOf(await costOfLoad(laboratory, subject, "connections", { ...names, ...milliseconds(laboratory) }));
    },
  };
}

function sampleOf({ outcome, proxyCpuSeconds, foreignCores }: LoadCost): Sample {
  const { done, seconds, latency } = outcome;
  return {
    values: {
      ...costOf(proxyCpuSeconds, done / 10_000),
      rate: done / seconds,
      p99: latency.p99 / 1000,
    },
    failures: failuresOf(outcome),
    foreignCores,
  };
}
