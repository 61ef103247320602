/** New connections: with a hello and nothing else, with many names, and with a whole TLS 1.3 handshake. */
import { costOfLoad, type LoadCost } from "../measure/load-cost.ts";
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

/** New connections as above, to so many server names in turn. */
export function connectionsWithRoutes(routes: number): Scenario {
  return {
    id: `routes-${routes}`,
    title: `New connections, to ${routes.toLocaleString("en")} ${routes === 1 ? "route" : "routes"} in turn`,
    routes,
    fresh: false,
    direct: false,
    metrics: METRICS,
    mostRounds: 3,
    async measure(laboratory, subject) {
      const flags = { concurrency: "64", names: String(routes), ...milliseconds(laboratory) };
      return sampleOf(await costOfLoad(laboratory, subject, "connections", flags));
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
