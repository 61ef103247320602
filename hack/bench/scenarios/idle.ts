/** Memory of connections on which nothing happens. The kernel's buffers for their sockets are not in it. */
import { costOfLoad } from "../measure/load-cost.ts";
import { memoryKib } from "../measure/usage.ts";
import { FEW_ROUTES, type Scenario } from "./scenario.ts";
import { milliseconds } from "./units.ts";

export const idle: Scenario = {
  id: "idle",
  title: "Connections that stand idle after their hello was answered",
  routes: FEW_ROUTES,
  fresh: true,
  direct: false,
  metrics: [
    { id: "memory", label: "memory", unit: "KiB / connection" },
    { id: "base", label: "before", unit: "MiB" },
    { id: "cpu", label: "CPU while idle", unit: "ms / s" },
  ],
  async measure(laboratory, subject) {
    // What is made at the first connections is not the idle ones' to answer for.
    const warmUp = { concurrency: "16", names: String(FEW_ROUTES), duration: "300ms", "warm-up": "100ms" };
    await costOfLoad(laboratory, subject, "connections", warmUp);
    const before = memoryKib(subject.pids());
    const count = laboratory.idleConnections;
    const cost = await costOfLoad(laboratory, subject, "idle", {
      concurrency: String(count),
      ...milliseconds(laboratory),
    });
    return {
      values: {
        memory: (cost.memoryKib - before) / count,
        base: before / 1024,
        ...(cost.proxyCpuSeconds !== undefined && { cpu: (cost.proxyCpuSeconds / cost.outcome.seconds) * 1000 }),
      },
      failures: cost.outcome.failures,
      foreignCores: cost.foreignCores,
    };
  },
};
