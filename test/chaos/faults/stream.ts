/** Faults of the configuration stream's clients. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlClient } from "../../../src/control/client/client.ts";
import { passthrough } from "../../e2e/objects.ts";
import { pidOf, type RunningPod } from "../../e2e/operator.ts";
import { waitFor } from "../../support/cluster.ts";
import { changeFresh, isServed } from "../converge.ts";
import type { Fault } from "../fault.ts";
import { leader, ourProxies } from "../look.ts";
import { startStreamClient, streamToken } from "../stream-client.ts";
import { GATEWAY, gateway, OTHER_GATEWAY, PORT, PROXY_LABELS, pod, type World } from "../world.ts";

const SECOND_PORT = 8001;
const CHANGES = 30;
/** Longer than the last word of a Pod stands that takes no connections. */
const GONE_MS = 25_000;
const MOST_GROWTH_MIB = 48;

export const neverAcknowledges: Fault = {
  name: "never-acknowledges",
  title:
    "a Pod behind the Gateway's address takes a configuration and never answers, then is gone from the stream for 25 s",
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const operator = await leader(world);
    await world.apply(await forwarder(world));
    const facts: Record<string, string> = {};
    try {
      await world.kubectl("wait", "--for=condition=Ready", "pod/mute", "--timeout=30s");
      const token = await streamToken(world, `fsm-gateway-${GATEWAY}`, "mute");
      const { applier, client } = await startStreamClient(world, operator, { token, proxyId: "mute" });
      const hang = Promise.withResolvers<void>();
      try {
        await waitFor(
          "it counts as a proxy",
          async () => (await programmed(world, "tls")) === "True: Served by 3 proxies",
        );
        const residentMib = residentOf(operator);
        applier.before = () => hang.promise;
        await world.apply(gateway(GATEWAY, [passthrough("second", SECOND_PORT)]));
        const pending = `False: 2 of 3 proxies have bound port ${SECOND_PORT} for it`;
        const isPending = async () => (await programmed(world, "second")) === pending;
        await waitFor(`the status says "${pending}"`, isPending);
        for (let change = 0; change < CHANGES; change++) await changeFresh(world);
        const backend = await changeFresh(world);
        await waitFor("the others serve what is new", () => isServed(world, backend));
        const grownMib = residentOf(operator) - residentMib;
        assert.ok(grownMib <= MOST_GROWTH_MIB, `the operator has grown by ${grownMib} MiB`);
        facts["the operator's memory after 31 changes"] = `${grownMib > 0 ? "+" : ""}${grownMib} MiB`;
        await silence(client, hang);
        await sleep(GONE_MS);
        assert.ok(await isPending(), "the status still says so when it is gone from the stream");
      } finally {
        await silence(client, hang);
      }
    } finally {
      await world.kubectl("delete", "pod", "mute", "--ignore-not-found");
    }
    await waitFor("the status is true without it", async () => (await programmed(world, "second"))?.startsWith("True"));
    await world.apply(gateway(GATEWAY));
    return { facts: { "Programmed of a new listener": "False, with 2 of 3, until the Pod was gone", ...facts } };
  },
};

/** Ends the stream first: what comes of the apply that hangs is said to nobody. */
async function silence(client: ControlClient, hang: PromiseWithResolvers<void>): Promise<void> {
  const stopped = client.stop();
  hang.resolve();
  await stopped;
}

/** The first proxy's connections arrive there by a detour: the Pod serves, though it knows no configuration. */
async function forwarder(world: World): Promise<object> {
  const [proxy] = await ourProxies(world);
  const script = `
    const net = require("node:net");
    net.createServer((client) => {
      const server = net.connect(${PORT}, "${proxy?.address}");
      for (const [a, b] of [[client, server], [server, client]]) a.on("error", () => b.destroy()).pipe(b);
    }).listen(${PORT});`;
  return pod(
    "mute",
    GATEWAY,
    {
      args: ["-e", script],
      readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
      // Whoever is sent here while it ends must be served.
      lifecycle: { preStop: { sleep: { seconds: 3 } } },
    },
    PROXY_LABELS,
  );
}

/** `status: message` of a listener's Programmed. */
async function programmed({ kubectl }: World, name: string): Promise<string | undefined> {
  const { status } = JSON.parse(await kubectl("get", "gateway", GATEWAY, "-o", "json"));
  const listener = status.listeners?.find((one: { name: string }) => one.name === name);
  const found = listener?.conditions.find(({ type }: { type: string }) => type === "Programmed");
  return found && `${found.status}: ${found.message}`;
}

/** VmRSS of proc(5), MiB. */
function residentOf(operator: RunningPod): number {
  const status = readFileSync(`/proc/${pidOf(operator, "operator")}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

export const strangers: Fault = {
  name: "strangers",
  title: "who is not a proxy of the Gateway asks for its configuration: by five tokens that are not good for it",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    const operator = await leader(world);
    const [proxy] = await ourProxies(world);
    assert.ok(proxy !== undefined);
    const account = `fsm-gateway-${GATEWAY}`;
    const good = await streamToken(world, account, proxy.name);
    const cases: readonly [string, string, RegExp][] = [
      ["forged", forged(good), /the token is not valid for fsm-gateway-control/],
      [
        "another audience",
        (await world.kubectl("create", "token", account)).trim(),
        /is not valid for fsm-gateway-control/,
      ],
      ["another ServiceAccount", await streamToken(world, "default"), /is not the ServiceAccount of a Gateway's proxy/],
      ["no Pod", await streamToken(world, account), /is not the ServiceAccount of a Gateway's proxy/],
    ];
    for (const [what, token, why] of cases) {
      const { applier, client, refusal } = await startStreamClient(world, operator, { token, proxyId: proxy.name });
      try {
        await waitFor(`${what}: refused`, () => why.test(refusal() ?? ""));
        assert.equal(applier.applied.length, 0, what);
      } finally {
        await client.stop();
      }
    }
    await getsItsOwn(world, operator, proxy);
    return { facts: { "refused tokens": String(cases.length), "got the other Gateway's routes alone": "1" } };
  },
};

/** One character of the signature is another. */
function forged(token: string): string {
  const at = token.length - 20;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}

/** A Pod of the other Gateway that calls itself one of ours is what its token says. */
async function getsItsOwn(world: World, operator: RunningPod, proxy: RunningPod): Promise<void> {
  const token = await streamToken(world, `fsm-gateway-${OTHER_GATEWAY}`, "stranger");
  const { applier, client } = await startStreamClient(world, operator, { token, proxyId: proxy.name });
  try {
    await waitFor("it has a configuration", () => applier.applied.length > 0);
    const keys = [...applier.resources.keys()].filter((key) => key.startsWith("route:"));
    assert.ok(keys.length === 1 && keys[0]?.includes("/other"), `routes: ${keys.join(", ")}`);
  } finally {
    await client.stop();
  }
}
