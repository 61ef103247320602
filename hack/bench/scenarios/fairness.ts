/**
 * New connections at a fixed rate beside bulk streams: measures how long a busy proxy makes other clients wait.
 * A proxy that favours either load shows it: the latency of connections and the rate of the streams come from the same window.
 */
import { startLoad } from "../load/generator.ts";
import { costOfLoad } from "../measure/load-cost.ts";
import { formatAddress } from "../world.ts";
import { FEW_ROUTES, failuresOf, type Scenario } from "./scenario.ts";

const STREAMS = 4;
/** Well below what any contender serves without the streams. */
const CONNECTIONS_PER_SECOND = 300;
/** The 99th percentile needs more connections than one window of the bench has. */
const WINDOWS = 3;

export const fairness: Scenario = {
  id: "fairness",
  title: `New connections, ${CONNECTIONS_PER_SECOND} a second, beside ${STREAMS} streams that send as fast as they go`,
  routes: FEW_ROUTES,
  fresh: false,
  direct: true,
  metrics: [
    { id: "p50", label: "connection, median", unit: "ms" },
    { id: "p99", label: "connection, p99", unit: "ms" },
    { id: "max", label: "connection, longest", unit: "ms" },
    { id: "rate", label: "streams", unit: "Gb / s" },
  ],
  async measure(laboratory, subject) {
    const bulkFlags = { direction: "down", concurrency: String(STREAMS), duration: "0", "warm-up": "200ms" };
    const target = formatAddress(subject.target("bulk", bulkFlags));
    let bulkPid: number | undefined;
    const bulk = startLoad(
      laboratory.generator,
      "bulk",
      { target, ...bulkFlags },
      {
        begin(pid) {
          bulkPid = pid;
        },
        end() {},
      },
    );
    try {
      await bulk.begun;
      const names = subject.running === undefined ? 1 : FEW_ROUTES;
      const flags = {
        concurrency: "256",
        "per-second": String(CONNECTIONS_PER_SECOND),
        names: String(names),
        duration: `${WINDOWS * laboratory.windowMs}ms`,
        "warm-up": `${laboratory.warmUpMs}ms`,
      };
      const benchPids = bulkPid === undefined ? [] : [bulkPid];
      const { outcome, foreignCores } = await costOfLoad(laboratory, subject, "connections", flags, benchPids);
      bulk.stop();
      const { bytes, failures, seconds } = await bulk.outcome;
      const { p50, p99, max } = outcome.latency;
      return {
        values: { p50: p50 / 1000, p99: p99 / 1000, max: max / 1000, rate: (bytes * 8) / 1e9 / seconds },
        failures: { ...failuresOf(outcome), ...failures, ...(bytes === 0 && { "no byte of a stream": 1 }) },
        foreignCores,
      };
    } finally {
      bulk.abort();
    }
  },
};
