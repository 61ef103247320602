/** Many routes over many namespaces, and endpoints that come and go: what do operator and proxy use? */
import { setTimeout as sleep } from "node:timers/promises";
import { ENDPOINT_SLICES } from "../../../src/operator/kube/resource.ts";
import { hostOf, namespace, portOf } from "../objects.ts";
import { untilAnswered } from "../probe.ts";
import type { Scenario } from "../scenario.ts";
import type { Site } from "../site.ts";
import { cpuPercent, REST_WINDOWS, rest, rssMib } from "../vitals.ts";

const NAMESPACES = 50;
const SERVICES_EACH = 10;
const CHURN_EVERY_MS = 50;

export const SCALE: Scenario = {
  id: "scale",
  title: "5,000 routes over 50 namespaces, 500 Services, 20 changes of endpoints a second",
  measure: async (site, { routes, seconds }) => {
    const each = routes / NAMESPACES;
    const names = Array.from({ length: NAMESPACES }, (_, i) => `team-${i}`);
    await site.each(NAMESPACES, async (i) => {
      await site.client.create(NAMESPACE_TYPE, namespace(names[i] as string));
    });
    const { operator, proxy } = await site.processes();
    const pids = [operator, proxy];
    const before = pids.map(rssMib);
    for (const name of names) await site.createServices(name, SERVICES_EACH);
    const startedAtMs = performance.now();
    await site.each(routes, (i) => {
      const home = names[Math.floor(i / each)] as string;
      return site.createRoute({
        namespace: home,
        name: `r${i}`,
        hostname: hostOf(i),
        service: `s${i % SERVICES_EACH}`,
      });
    });
    const createdMs = performance.now() - startedAtMs;
    const servedMs = await untilAnswered(
      site.target(hostOf(routes - 1)),
      String(portOf((routes - 1) % SERVICES_EACH)),
      performance.now(),
    );
    const countedMs = await site.until("all are counted", async () => (await site.attachedRoutes()) === routes);
    site.say(`${routes} routes are counted`);
    const writtenMs = await site.untilQuiet();
    const idle = pids.map(rssMib);
    const churned = await cpuPercent(pids, () => churn(site, names, seconds));
    const after = pids.map(rssMib);
    await sleep(seconds * REST_WINDOWS * 1_000);
    const atRest = await cpuPercent(pids, rest(seconds * REST_WINDOWS));
    const value = (list: readonly number[], i: number) => [list[i] ?? Number.NaN];
    const growth = (after[1] ?? Number.NaN) - (before[1] ?? Number.NaN);
    return [
      { metric: "created in", unit: "ms", samples: [createdMs] },
      { metric: "last create → served", unit: "ms", samples: [servedMs] },
      { metric: "last create → counted", unit: "ms", samples: [countedMs] },
      {
        metric: "counted → the last status written",
        unit: "ms",
        samples: [writtenMs],
        goals: [{ of: "max", atMost: 15_000 }],
      },
      { metric: "operator RSS before", unit: "MiB", samples: value(before, 0) },
      { metric: "operator RSS with all routes", unit: "MiB", samples: value(idle, 0) },
      {
        metric: "operator RSS after churn",
        unit: "MiB",
        samples: value(after, 0),
        goals: [{ of: "max", atMost: 400 }],
      },
      { metric: "proxy RSS before", unit: "MiB", samples: value(before, 1) },
      { metric: "proxy RSS with all routes", unit: "MiB", samples: value(idle, 1) },
      { metric: "proxy RSS growth, after churn", unit: "MiB", samples: [growth], goals: [{ of: "max", atMost: 40 }] },
      { metric: "operator CPU at rest", unit: "% of a core", samples: value(atRest, 0) },
      { metric: "proxy CPU at rest", unit: "% of a core", samples: value(atRest, 1) },
      { metric: "operator CPU under churn", unit: "% of a core", samples: value(churned, 0) },
      { metric: "proxy CPU under churn", unit: "% of a core", samples: value(churned, 1) },
    ];
  },
};

const NAMESPACE_TYPE = { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };

/** One Service after another has both Pods behind it, or one. */
async function churn(site: Site, names: readonly string[], seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < endMs; i++) {
    const nextMs = performance.now() + CHURN_EVERY_MS;
    const addresses =
      Math.floor(i / (names.length * SERVICES_EACH)) % 2 === 0 ? site.backends : site.backends.slice(0, 1);
    const endpoints = addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }));
    const reference = {
      namespace: names[i % names.length] as string,
      name: `s${Math.floor(i / names.length) % SERVICES_EACH}`,
    };
    await site.client.patch(ENDPOINT_SLICES, reference, { endpoints });
    await sleep(Math.max(0, nextMs - performance.now()));
  }
}
