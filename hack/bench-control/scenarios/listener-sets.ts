/** Many teams, each with a ListenerSet of its own on the one Gateway (GEP-1713). */
import type { ListenerSet } from "../../../src/gateway-api/objects.ts";
import { LISTENER_SETS } from "../../../test/support/resource-types.ts";
import { APP, listenerSet, portOf } from "../objects.ts";
import { untilAnswered } from "../probe.ts";
import type { Scenario } from "../scenario.ts";
import { rssMib } from "../vitals.ts";

const ROUTES_EACH = 10;
const SERVICES = 20;

export const LISTENER_SETS_SCENARIO: Scenario = {
  id: "listener-sets",
  title: "500 ListenerSets with 10 routes each on one Gateway",
  measure: async (site, { listenerSets: sets }) => {
    await site.createServices(APP, SERVICES);
    const { operator, proxy } = await site.processes();
    const startedAtMs = performance.now();
    await site.each(sets, (i) => site.client.create(LISTENER_SETS, listenerSet(APP, `set-${i}`, `*.set-${i}.example`)));
    const setsCreatedMs = performance.now() - startedAtMs;
    const attachedMs = await site.until("all ListenerSets are attached", async () => {
      const { status } = await site.gateway();
      return (status as { attachedListenerSets?: number } | undefined)?.attachedListenerSets === sets;
    });
    site.say(`${sets} ListenerSets are attached`);
    const routesStartedAtMs = performance.now();
    await site.each(sets * ROUTES_EACH, (i) => {
      const set = i % sets;
      const parent = { kind: "ListenerSet", name: `set-${set}` };
      const hostname = `r${i}.set-${set}.example`;
      return site.createRoute({ namespace: APP, name: `r${i}`, hostname, service: `s${i % SERVICES}`, parent });
    });
    const routesCreatedMs = performance.now() - routesStartedAtMs;
    const last = sets * ROUTES_EACH - 1;
    const target = site.target(`r${last}.set-${last % sets}.example`);
    const servedMs = await untilAnswered(target, String(portOf(last % SERVICES)), performance.now(), 120_000);
    const countedMs = await site.until(
      "every ListenerSet counts its routes",
      async () => {
        const { items } = await site.client.list<ListenerSet>(LISTENER_SETS, { namespace: APP });
        return (
          items.length === sets && items.every(({ status }) => status?.listeners?.[0]?.attachedRoutes === ROUTES_EACH)
        );
      },
      250,
    );
    return [
      { metric: "ListenerSets created in", unit: "ms", samples: [setsCreatedMs] },
      { metric: "last ListenerSet → all attached", unit: "ms", samples: [attachedMs] },
      { metric: "routes created in", unit: "ms", samples: [routesCreatedMs] },
      { metric: "last route → served", unit: "ms", samples: [servedMs] },
      { metric: "served → counted in every ListenerSet", unit: "ms", samples: [countedMs] },
      { metric: "operator RSS", unit: "MiB", samples: [rssMib(operator)], goals: [{ of: "max", atMost: 400 }] },
      { metric: "proxy RSS", unit: "MiB", samples: [rssMib(proxy)] },
    ];
  },
};
