/** One of two endpoints dies without a word: how many connections fail, and for how long? */
import { setTimeout as sleep } from "node:timers/promises";
import { PODS } from "../../../test/support/resource-types.ts";
import { APP, hostOf, portOf } from "../objects.ts";
import { startTraffic, untilAnswered } from "../probe.ts";
import type { Scenario } from "../scenario.ts";

const CONCURRENCY = 10;

export const BACKEND_FAILOVER: Scenario = {
  id: "backend-failover",
  title: "one of a Service's two Pods is deleted with no grace, under 10 connections at a time",
  measure: async (site, { seconds }) => {
    await site.createServices(APP, 1, [...site.backends]);
    await site.createRoute({ namespace: APP, name: "r", hostname: hostOf("x"), service: "s0" });
    const target = site.target(hostOf("x"));
    await untilAnswered(target, String(portOf(0)), performance.now());
    const traffic = startTraffic(target, CONCURRENCY, (answer) => answer === String(portOf(0)));
    await sleep(2_000);
    const deletedAtMs = performance.now();
    const path = `/api/v1/namespaces/${APP}/${PODS.plural}/backends-1`;
    await site.client.request({ method: "DELETE", path, body: { gracePeriodSeconds: 0 } });
    await sleep(seconds * 1000);
    const { answered, failures } = await traffic.stop();
    for (const why of new Set(failures.map((failure) => failure.why))) site.say(`failed: ${why}`);
    const lastMs = Math.max(0, ...failures.map(({ atMs }) => atMs - deletedAtMs));
    return [
      { metric: "connections answered", unit: "connections", samples: [answered] },
      { metric: "connections failed", unit: "connections", samples: [failures.length] },
      { metric: "endpoint gone → last failure", unit: "ms", samples: [lastMs] },
    ];
  },
};
