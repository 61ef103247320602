/** Bytes in one direction, as fast as they go, over a few streams or many. */
import { costOfLoad } from "../measure/load-cost.ts";
import { costOf, FEW_ROUTES, failuresOf, type Scenario } from "./scenario.ts";
import { milliseconds } from "./units.ts";

export function bulk(direction: "down" | "up", streams: number): Scenario {
  const where = direction === "down" ? "from the backend to the client" : "from the client to the backend";
  return {
    id: `${direction}-${streams}`,
    title: `Bytes ${where} over ${streams} ${streams === 1 ? "stream" : "streams"}`,
    routes: FEW_ROUTES,
    fresh: false,
    direct: true,
    metrics: [
      { id: "cpu", label: "CPU", unit: "s / GB" },
      { id: "rate", label: "rate", unit: "Gb / s" },
    ],
    async measure(laboratory, subject) {
      const flags = { direction, concurrency: String(streams), ...milliseconds(laboratory) };
      const { outcome, proxyCpuSeconds, foreignCores } = await costOfLoad(laboratory, subject, "bulk", flags);
      const gigabytes = outcome.bytes / 1e9;
      return {
        values: {
          ...costOf(proxyCpuSeconds, gigabytes),
          rate: (gigabytes * 8) / outcome.seconds,
        },
        failures: failuresOf(outcome),
        foreignCores,
      };
    },
  };
}
