/**
 * A table of many routes that changes while it is used: how long until the new route is served, and what the others notice.
 * Failing is what is measured here, so failures are figures and mark nobody as broken.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Means } from "../contenders/contender.ts";
import { helloOf, type Outcome, startLoad } from "../load/generator.ts";
import type { Laboratory } from "../measure/laboratory.ts";
import { memoryKib } from "../measure/usage.ts";
import { answers } from "../probe.ts";
import type { Running } from "../running.ts";
import { formatAddress, type Route, routeOf } from "../world.ts";
import type { Scenario } from "./scenario.ts";

/** Load beside the change, well below what any contender can take: standing connections, and new ones. */
const STANDING = { concurrency: "50", "per-second": "1000", bytes: "1024" };
const NEW = { concurrency: "256", "per-second": "200" };
/** Ends when told. */
const OPEN_END = { duration: "0", "warm-up": "300ms" };
const CALM_MS = 700;
/** The generator itself gives up after two minutes. */
const DEADLINE_MS = 90_000;
/** Names that the new connections use: enough for a table to be walked, not so many that the generator's cache is measured. */
const MOST_NAMES = 1_000;

/** What the machine and the load alone make of stalls: no figure of a change means more than this. */
const NOTHING_CHANGES: Means = { how: "nothing", apply: () => sleep(CALM_MS) };

export function change(routes: number): Scenario {
  return {
    id: `change-${routes}`,
    title: `One route more among ${routes.toLocaleString("en")}, under load (1,000 round trips and 200 connections a second)`,
    routes,
    fresh: true,
    direct: false,
    mostRounds: 3,
    metrics: [
      { id: "start", label: "start", unit: "s" },
      { id: "memory", label: "memory", unit: "MiB" },
      { id: "calm-stall", label: "longest stall without a change", unit: "ms" },
      { id: "add", label: "route added", unit: "ms" },
      { id: "add-stall", label: "longest stall", unit: "ms" },
      { id: "reload", label: "all read anew", unit: "ms" },
      { id: "reload-stall", label: "longest stall", unit: "ms" },
      { id: "add-lost", label: "failed or dropped", unit: "connections" },
      { id: "failed", label: "failed", unit: "connections" },
      { id: "dropped", label: "dropped", unit: "connections" },
      { id: "memory-after", label: "memory after", unit: "MiB" },
    ],
    async measure(laboratory, { running }) {
      if (running === undefined) throw new Error("there is nothing to change without a proxy");
      const memory = memoryKib(running.pids()) / 1024;
      const { addRoute, reload } = running.contender.change;
      const calm = await changeUnderLoad(laboratory, running, NOTHING_CHANGES, routeOf(0));
      const added = await changeUnderLoad(laboratory, running, addRoute, routeOf(routes));
      // Where a new route means to read all anew, that was it.
      const reloaded =
        reload === undefined ? added : await changeUnderLoad(laboratory, running, reload, routeOf(routes + 1));
      const values = {
        start: running.startSeconds,
        memory,
        "calm-stall": calm.stallMs,
        add: added.effectiveMs,
        "add-stall": added.stallMs,
        reload: reloaded.effectiveMs,
        "reload-stall": reloaded.stallMs,
        "add-lost": added.failed + added.dropped,
        failed: reloaded.failed,
        dropped: reloaded.dropped,
        "memory-after": reloaded.memoryKib / 1024,
      };
      return { values, failures: {}, foreignCores: 0 };
    },
  };
}

interface Effect {
  readonly effectiveMs: number;
  /** The longest that a message or a connection had to wait. */
  readonly stallMs: number;
  /** New connections that got no answer, and standing ones that ended. */
  readonly failed: number;
  readonly dropped: number;
  /** While connections from before the change still stand. */
  readonly memoryKib: number;
}

async function changeUnderLoad(laboratory: Laboratory, running: Running, means: Means, route: Route): Promise<Effect> {
  const { site, pid } = running;
  means.prepare?.(site, route);
  const hello = helloOf(laboratory.generator, route.serverName);
  const target = formatAddress(site.listen);
  const names = String(Math.min(running.site.routes.length, MOST_NAMES));
  const unmeasured = { begin() {}, end() {} };
  const loads = [
    startLoad(laboratory.generator, "round-trips", { target, ...STANDING, ...OPEN_END }, unmeasured),
    startLoad(laboratory.generator, "connections", { target, names, ...NEW, ...OPEN_END }, unmeasured),
  ] as const;
  try {
    await Promise.all(loads.map(({ begun }) => begun));
    await sleep(CALM_MS);

    const appliedAtMs = performance.now();
    await means.apply(site, route, pid);
    const served = await untilServed(site.listen, hello, appliedAtMs);
    const effectiveMs = performance.now() - appliedAtMs;
    if (!served) throw new Error(`the new route was not served within ${DEADLINE_MS / 1000} s: ${running.logTail()}`);

    await sleep(CALM_MS);
    const memory = memoryKib(running.pids());
    for (const load of loads) load.stop();
    const [standing, fresh] = await Promise.all([loads[0].outcome, loads[1].outcome]);
    const stallMs = Math.max(standing.latency.max, fresh.latency.max) / 1000;
    return { effectiveMs, stallMs, failed: countOf(fresh), dropped: countOf(standing), memoryKib: memory };
  } finally {
    for (const load of loads) load.abort();
  }
}

async function untilServed(listen: Running["site"]["listen"], hello: Buffer, sinceMs: number): Promise<boolean> {
  while (performance.now() - sinceMs < DEADLINE_MS) {
    if (await answers(listen, hello, 1000)) return true;
    await sleep(1);
  }
  return false;
}

function countOf({ failures }: Outcome): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}
