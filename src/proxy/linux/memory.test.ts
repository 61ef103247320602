import assert from "node:assert/strict";
import { test } from "node:test";
import { deltaBetween, listener, service } from "../../../test/wire/config.ts";
import { ManualClock } from "../../../test/wire/manual-clock.ts";
import type { Resource } from "../../model/proxy-config.ts";
import { applyDelta } from "../route/apply-delta.ts";
import type { RouteTable } from "../route/route-table.ts";
import { skip, startEngine } from "./testing/engine.ts";

test("memory is given back once, a while after the first of several changes", { skip }, async (t) => {
  const clock = new ManualClock();
  const trims: number[] = [];
  const { engine, port, table } = await startEngine(t, [], { clock, trimHeap: () => trims.push(clock.now()) });
  let current: { readonly resources: Resource[]; readonly table: RouteTable } = {
    resources: [listener("l", port)],
    table,
  };
  const change = async (...services: Resource[]) => {
    const resources: Resource[] = [listener("l", port), ...services];
    const delta = deltaBetween(current.resources, resources);
    const applied = applyDelta(current.table, delta);
    assert.ok("ok" in applied);
    current = { resources, table: applied.ok };
    await engine.apply(delta, applied.ok);
  };
  await clock.advance(3_000);
  await change(...service("s", "10.0.0.1:80"));
  await clock.advance(60_000);
  assert.deepEqual(trims, [5_000]);
  await change();
  await clock.advance(60_000);
  assert.deepEqual(trims, [5_000, 68_000]);
  await change(...service("s", "10.0.0.1:80"));
  await engine.close();
  await clock.advance(60_000);
  assert.equal(trims.length, 2, "not after its end");
});
