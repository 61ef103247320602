import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideRollouts, type ObservedRollout, type RolloutState } from "./decide-rollouts.ts";

const STATES: readonly RolloutState[] = ["absent", "complete", "rolling", "unavailable", "stalled"];

const rollouts = fc
  .array(fc.record({ state: fc.constantFrom(...STATES), isOutdated: fc.boolean(), isRejected: fc.boolean() }), {
    maxLength: 40,
  })
  .map((all) => all.map((one, i): ObservedRollout => ({ ...one, gateway: `team/g${i}` })));
const limits = fc.integer({ min: 1, max: 12 });

test("at most the limit roll out, unless more already did, and no slot stays free while a Gateway waits", () => {
  fc.assert(
    fc.property(rollouts, limits, (all, limit) => {
      const { counted, waiting } = decideRollouts(all, limit);
      const rolling = all.filter(({ state }) => state === "rolling").length;
      assert.ok(counted.length <= Math.max(limit, rolling));
      if (waiting.length > 0) assert.ok(counted.length >= limit);
    }),
  );
});

test("every outdated Gateway rolls or waits, and no other does either", () => {
  fc.assert(
    fc.property(rollouts, limits, (all, limit) => {
      const { allowed, waiting } = decideRollouts(all, limit);
      const outdated = all.filter(({ isOutdated }) => isOutdated).map(({ gateway }) => gateway);
      assert.deepEqual([...allowed, ...waiting].sort(), outdated.sort());
    }),
  );
});

test("only a Gateway that serves and does not roll out is delayed", () => {
  fc.assert(
    fc.property(rollouts, limits, (all, limit) => {
      const { waiting } = decideRollouts(all, limit);
      for (const gateway of waiting) assert.equal(all.find((one) => one.gateway === gateway)?.state, "complete");
    }),
  );
});

test("a rejected Gateway never starts before one that is not", () => {
  fc.assert(
    fc.property(rollouts, limits, (all, limit) => {
      const { allowed, waiting } = decideRollouts(all, limit);
      const find = (gateway: string) => all.find((one) => one.gateway === gateway);
      const isRejectedStarted = [...allowed].some((g) => find(g)?.state === "complete" && find(g)?.isRejected === true);
      if (isRejectedStarted) assert.ok(waiting.every((g) => find(g)?.isRejected === true));
    }),
  );
});

/** The result of a started rollout. */
const FATES = ["completes", "stalls", "is rejected", "restarts"] as const;
type Fate = (typeof FATES)[number];

test("an upgrade reaches every Gateway, whatever becomes of the rollouts of others", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<Fate>(...FATES), { minLength: 1, maxLength: 25 }), limits, (fates, limit) => {
      let queue: ObservedRollout[] = fates.map((_, i) => {
        return { gateway: `${i}`, state: "complete", isOutdated: true, isRejected: false };
      });
      const reached = new Set<string>();
      for (let round = 0; round < fates.length * 4; round++) {
        const { allowed, counted } = decideRollouts(queue, limit);
        assert.ok(counted.length <= limit);
        for (const gateway of allowed) reached.add(gateway);
        const next = queue.map((one) => (allowed.has(one.gateway) ? afterStart(one, fates[Number(one.gateway)]) : one));
        // A Gateway that becomes outdated again is last in the order.
        const isRestarted = ({ gateway }: ObservedRollout) =>
          allowed.has(gateway) && fates[Number(gateway)] === "restarts";
        queue = [...next.filter((one) => !isRestarted(one)), ...next.filter(isRestarted)];
      }
      assert.equal(reached.size, fates.length);
    }),
  );
});

function afterStart(one: ObservedRollout, fate: Fate | undefined): ObservedRollout {
  if (fate === "is rejected") return { ...one, isRejected: true };
  if (fate === "stalls") return { ...one, state: "stalled", isOutdated: false };
  return { ...one, isOutdated: fate === "restarts" };
}
