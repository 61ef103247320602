/** A route whose backend changes again and again while it carries traffic: nobody may notice. */
import { setTimeout as sleep } from "node:timers/promises";
import { TLS_ROUTES } from "../../../test/support/resource-types.ts";
import { APP, hostOf, portOf } from "../objects.ts";
import { startTraffic, untilAnswered } from "../probe.ts";
import type { Scenario } from "../scenario.ts";

const CONCURRENCY = 20;
const EVERY_MS = 100;

export const ROUTE_CHANGE: Scenario = {
  id: "route-change",
  title: "a route's backend changed ten times a second under 20 connections at a time",
  measure: async (site, { seconds }) => {
    await site.createServices(APP, 2);
    await site.createRoute({ namespace: APP, name: "r", hostname: hostOf("x"), service: "s0" });
    const target = site.target(hostOf("x"));
    await untilAnswered(target, String(portOf(0)), performance.now());
    const expected = [portOf(0), portOf(1)].map(String);
    const traffic = startTraffic(target, CONCURRENCY, (answer) => expected.includes(answer));
    let changes = 0;
    const endMs = performance.now() + seconds * 1000;
    while (performance.now() < endMs) {
      changes++;
      const spec = { rules: [{ backendRefs: [{ name: `s${changes % 2}`, port: 443 }] }] };
      await site.client.patch(TLS_ROUTES, { namespace: APP, name: "r" }, { spec });
      await sleep(EVERY_MS);
    }
    const { answered, failures } = await traffic.stop();
    for (const why of new Set(failures.map((failure) => failure.why))) site.say(`failed: ${why}`);
    return [
      { metric: "changes", unit: "changes", samples: [changes] },
      { metric: "connections answered", unit: "connections", samples: [answered] },
      {
        metric: "connections failed",
        unit: "connections",
        samples: [failures.length],
        goals: [{ of: "max", atMost: 0 }],
      },
    ];
  },
};
