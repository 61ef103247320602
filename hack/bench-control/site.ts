/**
 * A cluster as a scenario finds it, seen from outside of it: the API, the Gateway's address, the processes, and what the operator
 * counts. Creates and waits; judges nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Gateway, KubernetesObject, TlsRoute } from "../../src/gateway-api/objects.ts";
import { OPERATOR_ADMIN_PORT } from "../../src/model/identity.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { ENDPOINT_SLICES, SERVICES } from "../../src/operator/kube/resource.ts";
import { concurrently, failuresOf } from "../../src/operator/write/concurrently.ts";
import { operatorPods, proxyPods, type RunningPod } from "../../test/e2e/operator.ts";
import type { Cluster } from "../../test/support/cluster.ts";
import { GATEWAYS, PODS, TLS_ROUTES } from "../../test/support/resource-types.ts";
import { APP, LISTENER_PORT, portOf, type RouteChoices, route, service, slice } from "./objects.ts";
import type { Target } from "./probe.ts";
import { pidOf } from "./vitals.ts";

/** Maximum number of requests in flight. */
const CONCURRENCY = 16;
const POLL_MS = 10;
const QUIET_MS = 5_000;

export class Site {
  readonly client = KubeClient.fromDefault();
  readonly cluster: Cluster;
  readonly say: (what: string) => void;
  #address = "";
  #backends: readonly string[] = [];

  constructor(cluster: Cluster, say: (what: string) => void) {
    this.cluster = cluster;
    this.say = say;
  }

  /** Waits until the Gateway serves and the backends are there. */
  async open(): Promise<void> {
    await this.until("the Gateway is programmed", async () => {
      const { status } = await this.gateway();
      this.#address = status?.addresses?.[0]?.value ?? "";
      return (status?.conditions ?? []).some((c) => c.type === "Programmed" && c.status === "True");
    });
    await this.until("the backends have addresses", async () => {
      const pods = ["backends-0", "backends-1"].map((name) => this.client.get<Pod>(PODS, { namespace: APP, name }));
      this.#backends = (await Promise.all(pods)).flatMap(({ status }) => status?.podIP ?? []);
      return this.#backends.length === 2;
    });
  }

  close(): void {
    this.client.close();
  }

  /** Addresses of the two Pods of backends. */
  get backends(): readonly string[] {
    return this.#backends;
  }

  target(serverName: string): Target {
    return { address: this.#address, port: LISTENER_PORT, serverName };
  }

  gateway(name = "gw"): Promise<Gateway> {
    return this.client.get<Gateway>(GATEWAYS, { namespace: APP, name });
  }

  /** Of the Gateway's own listener. */
  async attachedRoutes(): Promise<number> {
    return (await this.gateway()).status?.listeners?.[0]?.attachedRoutes ?? 0;
  }

  routes(namespace?: string): Promise<readonly TlsRoute[]> {
    return this.client
      .list<TlsRoute>(TLS_ROUTES, namespace === undefined ? {} : { namespace })
      .then(({ items }) => items);
  }

  createRoute(choices: RouteChoices): Promise<KubernetesObject> {
    return this.client.create(TLS_ROUTES, route(choices));
  }

  /** Services `s0`, `s1`, …: each leads to its port of the first Pod. */
  async createServices(namespace: string, count: number, addresses = this.#backends.slice(0, 1)): Promise<void> {
    await this.each(count, async (i) => {
      await this.client.create(SERVICES, service(namespace, `s${i}`));
      await this.client.create(ENDPOINT_SLICES, slice(namespace, `s${i}`, portOf(i), addresses));
    });
  }

  /** Does it for each number below `count`, several at a time. @throws what failed first. */
  async each(count: number, task: (i: number) => Promise<unknown>): Promise<void> {
    const numbers = Array.from({ length: count }, (_, i) => i);
    const [failure] = failuresOf(await concurrently(numbers, task, CONCURRENCY));
    if (failure !== undefined) throw failure;
  }

  /** Polls, and gives back how long it took in ms. @throws Error when it takes too long. */
  async until(what: string, probe: () => Promise<boolean>, pollMs = POLL_MS, limitMs = 120_000): Promise<number> {
    const startedAtMs = performance.now();
    while (!(await probe())) {
      if (performance.now() - startedAtMs > limitMs) throw new Error(`${what}: not within ${limitMs} ms`);
      await sleep(pollMs);
    }
    return performance.now() - startedAtMs;
  }

  /** Process ids: of the operator that leads, and of the Gateway's one proxy. */
  async processes(): Promise<{ readonly operator: number; readonly proxy: number }> {
    const [proxy] = await proxyPods(this.cluster, APP);
    const pods = await operatorPods(this.cluster);
    const leading = await Promise.all(pods.map(({ address }) => this.#sum(address, "fsm_gateway_operator_leading")));
    const leader = pods[leading.indexOf(1)];
    if (proxy === undefined || leader === undefined) throw new Error("no proxy runs, or no operator leads");
    return { operator: pidOf(leader.uid), proxy: pidOf(proxy.uid) };
  }

  /** Status writes sent so far by all operators, of one kind. */
  async statusWrites(kind: string, operators?: readonly RunningPod[]): Promise<number> {
    const pods = operators ?? (await operatorPods(this.cluster));
    const name = `fsm_gateway_operator_status_writes_total{kind="${kind}",`;
    const counts = await Promise.all(pods.map(({ address }) => this.#sum(address, name)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Waits until no status of a route has been written for a while, and gives back how long after now the last was, in ms. */
  async untilQuiet(): Promise<number> {
    const startedAtMs = performance.now();
    // Read once: kubectl for each sample would use CPU time of the processes that are measured.
    const operators = await operatorPods(this.cluster);
    let [count, sinceMs] = [await this.statusWrites("TLSRoute", operators), startedAtMs];
    await this.until(
      "nothing is written",
      async () => {
        const now = await this.statusWrites("TLSRoute", operators);
        if (now !== count) [count, sinceMs] = [now, performance.now()];
        return performance.now() - sinceMs > QUIET_MS;
      },
      500,
      600_000,
    );
    return sinceMs - startedAtMs;
  }

  /** Over all series that begin so; one that is not there yet has counted nothing. */
  async #sum(address: string, series: string): Promise<number> {
    const url = `http://${address}:${OPERATOR_ADMIN_PORT}/metrics`;
    const { code, stdout, stderr } = await this.cluster.node(["curl", "-sSf", "--max-time", "10", url]);
    if (code !== 0) throw new Error(`metrics of the operator: ${stderr}`);
    const lines = stdout.split("\n").filter((text) => text.startsWith(series));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }
}

interface Pod extends KubernetesObject {
  readonly status?: { readonly podIP?: string };
}
