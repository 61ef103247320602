/** Rollouts of proxies with the real Deployment controller; Pods are Ready when the test says so, as there is no node. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../support/wait-for.ts";
import { startLeader } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace } from "./manifests.ts";
import { type Fixture, startWithGatewayApi } from "./operator-fixture.ts";

const GATEWAYS = ["a", "b", "c"];
/** Several times what the operator needs for a round. */
const SETTLE_MS = 3_000;
const ONE_GATEWAY = { unit: "count", value: 1 } as const;

let api: Fixture;
before(async () => {
  const gateways = GATEWAYS.map((name) => gateway({ name })).join("");
  api = await startWithGatewayApi({ objects: namespace("team") + gatewayClass() + gateways });
});
after(() => api?.stop());

interface Observed {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

async function read<T>(...args: readonly string[]): Promise<readonly T[]> {
  const { code, stdout, stderr } = await api.kubectl(["-n", "team", "get", ...args, "-o", "json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).items;
}

async function readDeployments(): Promise<
  ReadonlyMap<string, { readonly image: string; readonly generation: number }>
> {
  const deployments = await read<Observed>("deployments");
  return new Map(
    deployments.map(({ metadata, spec }) => [
      metadata.name.replace("fsm-gateway-", ""),
      { image: spec.template.spec.containers[0]?.image ?? "", generation: metadata.generation },
    ]),
  );
}

async function findWithImage(image: string): Promise<readonly string[]> {
  return [...(await readDeployments())].filter(([, one]) => one.image === image).map(([name]) => name);
}

/** Marks the Gateway's Pods as Ready until the Deployment controller calls the rollout complete. */
async function completeRollout(name: string): Promise<void> {
  const status = JSON.stringify({
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
  await waitFor(
    `the rollout of ${name}`,
    async () => {
      const pods = await read<Observed>("pods", "-l", `gateway.networking.k8s.io/gateway-name=${name}`);
      for (const { metadata } of pods) {
        await api.kubectl(["-n", "team", "patch", "pod", metadata.name, "--subresource=status", "-p", status]);
      }
      const { code } = await api.kubectl([
        ...["-n", "team", "rollout", "status", `deployment/fsm-gateway-${name}`, "--timeout=2s"],
      ]);
      return code === 0;
    },
    60_000,
  );
}

async function findWaiting(): Promise<readonly string[]> {
  type Conditions = { readonly status?: { readonly conditions?: readonly { readonly type: string }[] } };
  const gateways = await read<Observed & Conditions>("gateways");
  const isWaiting = ({ status }: Conditions) =>
    status?.conditions?.some(({ type }) => type === "gateway.fsm.dev/RolloutPending") === true;
  return gateways.filter(isWaiting).map(({ metadata }) => metadata.name);
}

test("another image rolls out one Gateway after the other, and a new Gateway does not wait", async (t) => {
  const common = { client: await api.operatorClient(), maxRollingGateways: ONE_GATEWAY };
  const first = await startLeader(t, { ...common, proxyImage: "image:1" });
  await waitFor("Deployments", async () => (await findWithImage("image:1")).length === GATEWAYS.length, 30_000);
  for (const name of GATEWAYS) await completeRollout(name);
  await first.stop();

  const second = await startLeader(t, { ...common, proxyImage: "image:2" });
  const done: string[] = [];
  await waitFor("a rollout", async () => (await findWithImage("image:2")).length > 0, 30_000);
  await api.applyYaml(gateway({ name: "new" }));
  await waitFor("the new Gateway", async () => (await findWithImage("image:2")).includes("new"), 30_000);
  await waitFor("conditions", async () => (await findWaiting()).length === GATEWAYS.length - 1, 30_000);
  assert.match(await second.metrics.expose(), /^fsm_gateway_operator_rollouts\{state="waiting"\} 2$/m);
  while (done.length < GATEWAYS.length) {
    const isNext = (name: string) => GATEWAYS.includes(name) && !done.includes(name);
    await waitFor("the next rollout", async () => (await findWithImage("image:2")).some(isNext), 30_000);
    await sleep(SETTLE_MS);
    const deployments = await readDeployments();
    const rolling = [...deployments].filter(([name, { image }]) => image === "image:2" && isNext(name));
    assert.equal(rolling.length, 1, "one at a time");
    for (const [name, { image, generation }] of deployments) {
      if (image === "image:1") assert.equal(generation, 1, `${name} waits, and nothing is written to it`);
    }
    const [[name] = ["none"]] = rolling;
    await completeRollout(name);
    done.push(name);
  }
  assert.deepEqual(done.toSorted(), GATEWAYS);
  await waitFor("no condition is left", async () => (await findWaiting()).length === 0, 30_000);
});
