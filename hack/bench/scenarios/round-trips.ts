/** Small messages to and fro over standing connections. */
import { costOfLoad } from "../measure/load-cost.ts";
import { costOf, FEW_ROUTES, failuresOf, type Scenario } from "./scenario.ts";
import { milliseconds } from "./units.ts";

export const roundTrips: Scenario = {
  id: "round-trips",
  title: "Round trips of 1,024 bytes on 100 connections, each connection one after the other",
  routes: FEW_ROUTES,
  fresh: false,
  direct: true,
  metrics: [
    { id: "cpu", label: "CPU", unit: "s / 100,000" },
    { id: "rate", label: "rate", unit: "1 / s" },
    { id: "p50", label: "median", unit: "ms" },
    { id: "p99", label: "p99", unit: "ms" },
    { id: "p999", label: "p99.9", unit: "ms" },
  ],
  async measure(laboratory, subject) {
    const flags = { concurrency: "100", bytes: "1024", ...milliseconds(laboratory) };
    const { outcome, proxyCpuSeconds, foreignCores } = await costOfLoad(laboratory, subject, "round-trips", flags);
    const { done, seconds, latency } = outcome;
    return {
      values: {
        ...costOf(proxyCpuSeconds, done / 100_000),
        rate: done / seconds,
        p50: latency.p50 / 1000,
        p99: latency.p99 / 1000,
        p999: latency.p999 / 1000,
      },
      failures: failuresOf(outcome),
      foreignCores,
    };
  },
};
