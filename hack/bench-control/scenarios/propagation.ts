/** Routes one by one: how long until each serves, and does it take longer the more there are? */
import { TLS_ROUTES } from "../../../test/support/resource-types.ts";
import { APP, hostOf, portOf } from "../objects.ts";
import { untilAnswered } from "../probe.ts";
import type { Figure, Goal, Scenario } from "../scenario.ts";
import type { Site } from "../site.ts";

const SERVICES = 20;
const BUCKETS = 5;
const GOALS: readonly Goal[] = [
  { of: "median", atMost: 20 },
  { of: "p99", atMost: 100 },
];

export const PROPAGATION: Scenario = {
  id: "propagation",
  title: "TLSRoutes one by one, each until a connection with its name is answered by its backend",
  measure: async (site, { routes, changes }) => {
    await site.createServices(APP, SERVICES);
    const figures: Figure[] = [];
    const changed = async (count: number) => {
      const samples = await changeRoute(site, changes);
      figures.push({ metric: `a route changed, of ${count.toLocaleString("en")}`, unit: "ms", samples, goals: GOALS });
    };
    const size = routes / BUCKETS;
    let samples: number[] = [];
    for (let i = 0; i < routes; i++) {
      samples.push(await createRoute(site, i));
      if (i === 0 || i + 1 === size) await changed(i + 1);
      if ((i + 1) % size !== 0) continue;
      const range = `${(i + 2 - size).toLocaleString("en")}–${(i + 1).toLocaleString("en")}`;
      figures.push({ metric: `a route more, ${range}`, unit: "ms", samples, goals: GOALS });
      site.say(`${i + 1} routes`);
      samples = [];
    }
    await changed(routes);
    return figures;
  },
};

/** From the API server's answer, in ms. */
async function createRoute(site: Site, i: number): Promise<number> {
  await site.createRoute({ namespace: APP, name: `r${i}`, hostname: hostOf(i), service: `s${i % SERVICES}` });
  return untilAnswered(site.target(hostOf(i)), String(portOf(i % SERVICES)), performance.now());
}

/** The first route led to the next Service, again and again. */
async function changeRoute(site: Site, times: number): Promise<readonly number[]> {
  const samples: number[] = [];
  // An odd number of times would leave it at another backend for the next to come.
  for (let i = 1; i <= times; i++) {
    const service = i % SERVICES;
    const spec = { rules: [{ backendRefs: [{ name: `s${service}`, port: 443 }] }] };
    await site.client.patch(TLS_ROUTES, { namespace: APP, name: "r0" }, { spec });
    samples.push(await untilAnswered(site.target(hostOf(0)), String(portOf(service)), performance.now()));
  }
  return samples;
}
