/** Many routes of one Gateway at once, and away again: when are they counted, and how often is written? */
import type { TlsRoute } from "../../../src/gateway-api/objects.ts";
import { TLS_ROUTES } from "../../../test/support/resource-types.ts";
import { APP, hostOf } from "../objects.ts";
import type { Scenario } from "../scenario.ts";

const SERVICES = 20;

export const ATTACHED_ROUTES: Scenario = {
  id: "attached-routes",
  title: "1,000 TLSRoutes up and down on one Gateway, 16 at a time",
  measure: async (site, { attached: count }) => {
    await site.createServices(APP, SERVICES);
    const writes = async () => {
      const [routes, gateways] = await Promise.all([site.statusWrites("TLSRoute"), site.statusWrites("Gateway")]);
      return { routes, gateways };
    };
    const before = await writes();
    const startedAtMs = performance.now();
    await site.each(count, (i) => {
      return site.createRoute({ namespace: APP, name: `r${i}`, hostname: hostOf(i), service: `s${i % SERVICES}` });
    });
    const createdMs = performance.now() - startedAtMs;
    const countedMs = await site.until("all are counted", async () => (await site.attachedRoutes()) === count);
    const trueMs = await site.until("all are accepted", async () => (await site.routes(APP)).every(isAccepted), 250);
    // What is written late would not be counted otherwise.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const up = await writes();
    await site.each(count, (i) => site.client.delete(TLS_ROUTES, { namespace: APP, name: `r${i}` }));
    const goneMs = await site.until("none is counted", async () => (await site.attachedRoutes()) === 0);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const down = await writes();
    const written = up.routes - before.routes + up.gateways - before.gateways;
    return [
      { metric: "created in", unit: "ms", samples: [createdMs] },
      { metric: "last create → counted", unit: "ms", samples: [countedMs], goals: [{ of: "max", atMost: 1_000 }] },
      { metric: "counted → every route Accepted", unit: "ms", samples: [trueMs] },
      { metric: "status writes, up", unit: "1/route", samples: [written / count], goals: [{ of: "max", atMost: 1.2 }] },
      { metric: "Gateway status writes, up", unit: "writes", samples: [up.gateways - before.gateways] },
      { metric: "last delete → none counted", unit: "ms", samples: [goneMs], goals: [{ of: "max", atMost: 1_000 }] },
      { metric: "Gateway status writes, down", unit: "writes", samples: [down.gateways - up.gateways] },
      { metric: "route status writes, down", unit: "writes", samples: [down.routes - up.routes] },
    ];
  },
};

function isAccepted({ status }: TlsRoute): boolean {
  const [parent] = status?.parents ?? [];
  return (parent?.conditions ?? []).some(({ type, status: is }) => type === "Accepted" && is === "True");
}
