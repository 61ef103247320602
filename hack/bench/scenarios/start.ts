/** How long it takes until a table of many routes is served, from the start of the process, and what memory it needs. */
import { memoryKib } from "../measure/usage.ts";
import type { Scenario } from "./scenario.ts";

export function start(routes: number): Scenario {
  return {
    id: `start-${routes}`,
    title: `Start with ${routes.toLocaleString("en")} routes, until the first good connection`,
    routes,
    fresh: true,
    direct: false,
    // It takes minutes where a file of YAML is read.
    mostRounds: 1,
    metrics: [
      { id: "start", label: "start", unit: "s" },
      { id: "memory", label: "memory", unit: "MiB" },
    ],
    async measure(_laboratory, { running, pids }) {
      if (running === undefined) throw new Error("there is nothing to start without a proxy");
      const values = { start: running.startSeconds, memory: memoryKib(pids()) / 1024 };
      return { values, failures: {}, foreignCores: 0 };
    },
  };
}
