/** Faults that others of the API server's clients are to the operator. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from "../../../src/model/identity.ts";
import { isApiError } from "../../../src/operator/kube/api-error.ts";
import type { ResourceType } from "../../../src/operator/kube/resource.ts";
import { BACKEND_PORT } from "../../e2e/backends.ts";
import { waitFor } from "../../support/cluster.ts";
import { GATEWAYS, TLS_ROUTES } from "../../support/resource-types.ts";
import { apiServerMetrics, sum } from "../api-server.ts";
import { changeFresh, isServed } from "../converge.ts";
import type { Fault } from "../fault.ts";
import { assertSameProcesses, operators, seconds } from "../look.ts";
import { NAMESPACE, route, type World } from "../world.ts";

const STORM_MS = 15_000;
const STORM_EVERY_MS = 10;
const LEAST_STORM_WRITES = 75;
const THROTTLED_ROUTES = 40;

const ANNOTATION = "chaos.example/count";

export const conflicts: Fault = {
  name: "conflicts",
  title: "409: another writer changes the Gateway and a route as fast as it can for 15 s, while that route changes",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    const before = await conflictsOf(world);
    const storm = startStorm(world);
    const servedMs: number[] = [];
    try {
      const untilMs = performance.now() + STORM_MS;
      while (performance.now() < untilMs) {
        const fromMs = performance.now();
        const backend = await changeFresh(world);
        await waitFor("the change serves", () => isServed(world, backend));
        servedMs.push(performance.now() - fromMs);
      }
    } finally {
      await storm.stop();
    }
    const met = (await conflictsOf(world)) - before;
    assert.ok(storm.writes > LEAST_STORM_WRITES, `${storm.writes} writes are no storm`);
    assert.ok(met > 0, "the operator met a conflict");
    await world.kubectl("annotate", "tlsroute/fresh", "gateway/app", `${ANNOTATION}-`);
    return {
      facts: {
        "writes of the other": String(storm.writes),
        "answered to the operator with 409": String(met),
        "a change serves after, at most": seconds(Math.max(...servedMs)),
      },
    };
  },
};

function startStorm({ client }: World) {
  const state = { writes: 0, isOver: false };
  const write = async (type: ResourceType, name: string) => {
    while (!state.isOver) {
      const patch = { metadata: { annotations: { [ANNOTATION]: String(state.writes) } } };
      await client.patch(type, { namespace: NAMESPACE, name }, patch, { timeoutMs: 5_000 }).then(
        () => state.writes++,
        (error: unknown) => {
          if (!isApiError(error, "Conflict", "TooManyRequests", "Timeout")) throw error;
        },
      );
      await sleep(STORM_EVERY_MS);
    }
  };
  const writers = Promise.all([write(TLS_ROUTES, "fresh"), write(GATEWAYS, "app")]);
  writers.catch(() => {});
  return {
    get writes() {
      return state.writes;
    },
    stop: async () => {
      state.isOver = true;
      await writers;
    },
  };
}

/** PUTs of a status that the API server has refused with 409, since it was started. */
async function conflictsOf(world: World): Promise<number> {
  const lines = await apiServerMetrics(world, "apiserver_request_total");
  const ours = lines.filter(
    (line) => /code="409"/.test(line) && /subresource="status"/.test(line) && /verb="PUT"/.test(line),
  );
  const gateway = ours.filter((line) => /resource="(gateways|tlsroutes)"/.test(line));
  return sum(gateway);
}

export const throttled: Fault = {
  name: "throttled",
  title: `429: the API server lets the operators have one request at a time for 20 s, while ${THROTTLED_ROUTES} routes are made`,
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const pods = await operators(world);
    const names = Array.from({ length: THROTTLED_ROUTES }, (_, i) => `burst-${i}`);
    const toA = { name: "a", port: BACKEND_PORT };
    const objects = names.map((name) => JSON.parse(route(name, `${name}.chaos.example`, toA)));
    const list = { apiVersion: "v1", kind: "List", items: objects };
    let refused: number;
    await world.cluster.apply(JSON.stringify({ apiVersion: "v1", kind: "List", items: oneSeat() }));
    try {
      await sleep(2_000);
      await world.apply(list);
      await sleep(9_000);
      await world.kubectl("delete", "tlsroute", ...names.slice(THROTTLED_ROUTES / 2));
      await sleep(9_000);
      refused = sum(
        (await apiServerMetrics(world, "apiserver_flowcontrol_rejected_requests_total")).filter((line) => {
          return line.includes(`flow_schema="${SCHEMA}"`);
        }),
      );
    } finally {
      await world.cluster.kubectlOrThrow(["delete", "flowschema", SCHEMA]);
      await world.cluster.kubectlOrThrow(["delete", "prioritylevelconfiguration", SCHEMA]);
    }
    assert.ok(refused > 0, "a request of the operators was refused");
    const fromMs = performance.now();
    await waitFor("every route has its status", async () => {
      const { items } = JSON.parse(await world.kubectl("get", "tlsroutes", "-o", "json"));
      return items.every(
        ({ status }: { status?: { parents?: readonly object[] } }) => (status?.parents?.length ?? 0) > 0,
      );
    });
    const tookMs = performance.now() - fromMs;
    await assertSameProcesses(world, pods);
    await world.kubectl("delete", "tlsroute", ...names.slice(0, THROTTLED_ROUTES / 2));
    return { facts: { "answered with 429": String(refused), "every status written after": seconds(tookMs) } };
  },
};

const SCHEMA = "chaos";

/** No share, nothing borrowed, no queue: API Priority and Fairness lets one request in when none is executed. */
function oneSeat(): readonly object[] {
  const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
  const limited = {
    nominalConcurrencyShares: 0,
    lendablePercent: 0,
    borrowingLimitPercent: 0,
    limitResponse: { type: "Reject" },
  };
  const serviceAccount = { name: OPERATOR_NAME, namespace: OPERATOR_NAMESPACE };
  const all = ["*"];
  const rules = [
    {
      subjects: [{ kind: "ServiceAccount", serviceAccount }],
      resourceRules: [{ verbs: all, apiGroups: all, resources: all, clusterScope: true, namespaces: all }],
      nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
    },
  ];
  return [
    { apiVersion, kind: "PriorityLevelConfiguration", metadata: { name: SCHEMA }, spec: { type: "Limited", limited } },
    {
      apiVersion,
      kind: "FlowSchema",
      metadata: { name: SCHEMA },
      spec: {
        priorityLevelConfiguration: { name: SCHEMA },
        matchingPrecedence: 2,
        distinguisherMethod: { type: "ByUser" },
        rules,
      },
    },
  ];
}
