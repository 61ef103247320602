/** Another gateway's routes in the same cluster: none of our business, and it should cost us nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { GATEWAY_CLASSES, GATEWAYS } from "../../../test/support/resource-types.ts";
import { APP, gateway, hostOf } from "../objects.ts";
import type { Scenario } from "../scenario.ts";
import { cpuPercent, REST_WINDOWS, rest, rssMib } from "../vitals.ts";

export const FOREIGN_OBJECTS: Scenario = {
  id: "foreign-objects",
  title: "5,000 TLSRoutes of another controller's Gateway",
  measure: async (site, { routes, seconds }) => {
    const metadata = { name: "other" };
    const spec = { controllerName: "other.example/controller" };
    const apiVersion = "gateway.networking.k8s.io/v1";
    await site.client.create(GATEWAY_CLASSES, { apiVersion, kind: "GatewayClass", metadata, spec } as never);
    await site.client.create(GATEWAYS, gateway(APP, "theirs", "other"));
    await site.createServices(APP, 1);
    await sleep(5_000);
    const { operator } = await site.processes();
    const [restedBefore = Number.NaN] = await cpuPercent([operator], rest(seconds));
    const rssBefore = rssMib(operator);
    const writesBefore = await site.statusWrites("TLSRoute");
    const parent = { name: "theirs" };
    const startedAtMs = performance.now();
    const [percent = Number.NaN] = await cpuPercent([operator], () =>
      site.each(routes, (i) => {
        return site.createRoute({ namespace: APP, name: `r${i}`, hostname: hostOf(i), service: "s0", parent });
      }),
    );
    const createdMs = performance.now() - startedAtMs;
    const [after = Number.NaN] = await cpuPercent([operator], rest(seconds * REST_WINDOWS));
    const [rested = Number.NaN] = await cpuPercent([operator], rest(seconds * REST_WINDOWS));
    const writes = (await site.statusWrites("TLSRoute")) - writesBefore;
    const perRouteMs = ((percent / 100) * createdMs) / routes;
    return [
      { metric: "operator CPU at rest, before", unit: "% of a core", samples: [restedBefore] },
      { metric: "operator CPU while they are created", unit: "% of a core", samples: [percent] },
      { metric: "operator CPU for each, admission with it", unit: "ms", samples: [perRouteMs] },
      { metric: `operator CPU, the ${seconds * REST_WINDOWS} s after`, unit: "% of a core", samples: [after] },
      { metric: "operator CPU at rest", unit: "% of a core", samples: [rested], goals: [{ of: "max", atMost: 1 }] },
      { metric: "operator RSS before", unit: "MiB", samples: [rssBefore] },
      { metric: "operator RSS", unit: "MiB", samples: [rssMib(operator)] },
      { metric: "status writes", unit: "writes", samples: [writes], goals: [{ of: "max", atMost: 0 }] },
    ];
  },
};
