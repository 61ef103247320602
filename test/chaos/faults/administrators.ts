/** Mistakes and limits of administrators: a GatewayClass that disappears, and a ResourceQuota that rejects one Gateway's objects. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { OPERATOR_NAMESPACE } from "../../../src/model/identity.ts";
import { freshGateway } from "../../e2e/objects.ts";
import { waitFor } from "../../support/cluster.ts";
import { PODS } from "../../support/resource-types.ts";
import { apiServerMetrics, sum } from "../api-server.ts";
import { changeFresh, isServed } from "../converge.ts";
import type { Fault } from "../fault.ts";
import { leader, ourProxies, seconds } from "../look.ts";
import { GATEWAY, type World } from "../world.ts";

const CLASS = "fsm";
const ABSENT_MS = 20_000;

export const gatewayClassDeleted: Fault = {
  name: "gatewayclass-deleted",
  title: "the GatewayClass is deleted, a new leader takes over without it, and it is created again after 20 s",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    const saved = JSON.parse(await world.kubectl("get", "gatewayclass", CLASS, "-o", "json"));
    const { apiVersion, kind, spec } = saved;
    const { name, labels, annotations } = saved.metadata;
    const infrastructure = await infrastructureIds(world);
    await world.kubectl("delete", "gatewayclass", CLASS);
    let message: string;
    try {
      const old = await leader(world);
      await world.client.delete(PODS, { namespace: OPERATOR_NAMESPACE, name: old.name });
      await waitFor("another leads", async () => (await leader(world)).name !== old.name);
      message = await waitFor("the Gateway names the class that is missing", () => messageNaming(world, CLASS));
      await sleep(ABSENT_MS);
      assert.deepEqual(await infrastructureIds(world), infrastructure, "nothing was deleted or created");
    } finally {
      await world.cluster.apply(JSON.stringify({ apiVersion, kind, metadata: { name, labels, annotations }, spec }));
    }
    await waitFor("it is accepted", async () =>
      /True/.test(
        await world.kubectl(
          "get",
          "gatewayclass",
          CLASS,
          "-o",
          'jsonpath={.status.conditions[?(@.type=="Accepted")].status}',
        ),
      ),
    );
    assert.deepEqual(await infrastructureIds(world), infrastructure, "nothing was deleted or created afterwards");
    return { facts: { "objects deleted": "0", "the Gateway said": message } };
  },
};

/** Kind, name and uid of everything that the operator keeps for Gateways, and of the proxies. */
async function infrastructureIds(world: World): Promise<readonly string[]> {
  const kinds = "deployments,services,serviceaccounts,networkpolicies,poddisruptionbudgets";
  const { items } = JSON.parse(await world.kubectl("get", kinds, "-o", "json"));
  const objects = items.map(({ kind, metadata }: Identified) => `${kind} ${metadata.name} ${metadata.uid}`);
  return [...objects, ...(await ourProxies(world)).map(({ name, uid }) => `Pod ${name} ${uid}`)].sort();
}

interface Identified {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}

/** The message of a condition of the Gateway that is not True and names the class, if there is one. */
async function messageNaming(world: World, className: string): Promise<string | undefined> {
  const { status } = JSON.parse(await world.kubectl("get", "gateway", GATEWAY, "-o", "json"));
  const conditions: readonly { status: string; message: string }[] = status?.conditions ?? [];
  return conditions.find((one) => one.status !== "True" && new RegExp(`\\b${className}\\b`).test(one.message))?.message;
}

const QUOTA_NAMESPACE = "quota";
const MEASURED_MS = 30_000;
/** Exponential backoff from below a second: a dozen attempts in half a minute at most, for each of the objects. */
const MOST_REJECTED_REQUESTS = 40;

export const quotaRefusal: Fault = {
  name: "quota-refusal",
  title: "a ResourceQuota rejects the Deployment of one Gateway, while a route of another changes for 30 s",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    const inQuota = (...args: string[]) => world.cluster.kubectlOrThrow(["-n", QUOTA_NAMESPACE, ...args]);
    await world.cluster.kubectlOrThrow(["create", "namespace", QUOTA_NAMESPACE]);
    try {
      await inQuota("create", "quota", "none", "--hard=count/deployments.apps=0");
      const { gateway } = freshGateway("rejected");
      await world.cluster.kubectlOrThrow(["-n", QUOTA_NAMESPACE, "apply", "-f", "-"], { input: gateway });
      const message = await waitFor("the Gateway names the quota", () => rejectionOf(world));
      const before = await rejectedRequests(world);
      const untilMs = performance.now() + MEASURED_MS;
      const servedMs: number[] = [];
      while (performance.now() < untilMs) {
        const fromMs = performance.now();
        const backend = await changeFresh(world);
        await waitFor("the change serves", () => isServed(world, backend));
        servedMs.push(performance.now() - fromMs);
      }
      const rejected = (await rejectedRequests(world)) - before;
      assert.ok(rejected <= MOST_REJECTED_REQUESTS, `${rejected} requests were rejected in ${MEASURED_MS} ms`);
      await inQuota("delete", "quota", "none");
      const fromMs = performance.now();
      // The quota is not an object that the operator watches: the next attempt finds out.
      await inQuota("annotate", "gateway", "rejected", "chaos.example/retry=now");
      await inQuota("wait", "--for=condition=Programmed", "gateway/rejected", "--timeout=55s");
      const facts = {
        "requests that were rejected in 30 s": String(rejected),
        "a change serves after, at most": seconds(Math.max(...servedMs)),
        "Programmed after the quota": seconds(performance.now() - fromMs),
        "the Gateway said": message,
      };
      return { facts };
    } finally {
      await world.cluster.kubectlOrThrow(["delete", "namespace", QUOTA_NAMESPACE, "--wait=true"]);
    }
  },
};

async function rejectionOf(world: World): Promise<string | undefined> {
  const text = await world.cluster.kubectlOrThrow(["-n", QUOTA_NAMESPACE, "get", "gateway", "rejected", "-o", "json"]);
  const conditions: readonly { status: string; message: string }[] = JSON.parse(text).status?.conditions ?? [];
  return conditions.find(({ status, message }) => status !== "True" && /quota/.test(message))?.message;
}

/** Requests for Deployments that the API server has rejected with 403 since it started. */
async function rejectedRequests(world: World): Promise<number> {
  const lines = await apiServerMetrics(world, "apiserver_request_total");
  return sum(lines.filter((line) => /code="403"/.test(line) && /resource="deployments"/.test(line)));
}
