/** Faults of the operator's own processes. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from "../../../src/model/identity.ts";
import { killProgram } from "../../e2e/operator.ts";
import { waitFor } from "../../support/cluster.ts";
import { PODS } from "../../support/resource-types.ts";
import type { Fault } from "../fault.ts";
import {
  ask,
  isLeading,
  leader,
  lease,
  operators,
  operatorsWithTerminating,
  seconds,
  takenOverAt,
  versions,
} from "../look.ts";
import { cutFromApiServer, mend } from "../network.ts";
import { HOSTS, PORT, type World } from "../world.ts";

/** A lease lasts 15 s after its last renewal; who waits for it looks every second. */
const TAKEOVER_MS = 20_000;
const HAND_OVER_MS = 2_000;
const AWAY_MS = 10_000;

export const leaderKilled: Fault = {
  name: "leader-killed",
  title: "the leading operator is killed (SIGKILL)",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    const [old, before, unwritten] = [await leader(world), await lease(world), await versions(world)];
    const atMs = Date.now();
    killProgram(old);
    const tookMs = (await takenOverAt(world, before)) - atMs;
    assert.ok(tookMs <= TAKEOVER_MS, `taken over after ${tookMs} ms`);
    await leader(world);
    return { facts: { "taken over after": seconds(tookMs) }, unwritten };
  },
};

export const leaderDeleted: Fault = {
  name: "leader-deleted",
  title: "the leading operator's Pod is deleted (SIGTERM)",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    const [old, before, unwritten] = [await leader(world), await lease(world), await versions(world)];
    // Not by kubectl, which takes a while to start.
    const atMs = Date.now();
    await world.client.delete(PODS, { namespace: OPERATOR_NAMESPACE, name: old.name });
    const tookMs = (await takenOverAt(world, before)) - atMs;
    assert.ok(tookMs <= HAND_OVER_MS, `handed over after ${tookMs} ms`);
    await leader(world);
    return { facts: { "handed over after": seconds(tookMs) }, unwritten };
  },
};

export const leaderCutOff: Fault = {
  name: "leader-cut-off",
  title: "the leading operator and the API server cannot reach each other for 30 s: packets are dropped",
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const [old, before] = [await leader(world), await lease(world)];
    const seen = { lastLeadingMs: 0, isOver: false };
    const atMs = Date.now();
    const watch = async () => {
      while (!seen.isOver) {
        const askedMs = Date.now();
        if (await isLeading(old)) seen.lastLeadingMs = askedMs;
        await sleep(50);
      }
    };
    let takenMs: number;
    await cutFromApiServer(world, [old]);
    const watching = watch();
    try {
      takenMs = await takenOverAt(world, before);
      await sleep(Math.max(0, 30_000 - (Date.now() - atMs)));
    } finally {
      seen.isOver = true;
      await watching;
      await mend(world);
    }
    const aloneMs = takenMs - seen.lastLeadingMs;
    assert.ok(seen.lastLeadingMs > atMs, "it led when it was cut off");
    assert.ok(aloneMs > 0, `two led for ${-aloneMs} ms`);
    await waitFor("the old leader is back", () => isFollower(world, old.name));
    const facts = {
      "it stopped leading after": seconds(seen.lastLeadingMs - atMs),
      "the other began after": seconds(takenMs - atMs),
    };
    return { facts };
  },
};

/** Ready, the process as it was, and not leading. */
async function isFollower(world: World, name: string): Promise<boolean> {
  const pod = (await operators(world)).find((one) => one.name === name);
  return pod?.ready === true && !(await isLeading(pod));
}

export const operatorsGone: Fault = {
  name: "operators-gone",
  title: "all operators are gone (scaled to 0) for 10 s",
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const scale = (replicas: number) =>
      world.operatorKubectl("scale", `deployment/${OPERATOR_NAME}`, `--replicas=${replicas}`);
    const unwritten = await versions(world);
    await scale(0);
    try {
      await waitFor("no operator is left", async () => (await operatorsWithTerminating(world)).length === 0, 60_000);
      await sleep(AWAY_MS);
      assert.ok(await ask(world, world.address, PORT, HOSTS.fresh), "they serve on");
    } finally {
      await scale(2);
    }
    await leader(world);
    return { facts: {}, unwritten };
  },
};
