import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../loop/clock.ts";
import { SILENT } from "../../loop/silent-log.ts";
import { ApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { PodLabel } from "./pod-label.ts";

/** A label whose writes fail with `failures`, one after the other, before they succeed. */
function setUp(...failures: ApiError[]) {
  const written: unknown[] = [];
  const waits: number[] = [];
  const patch = async (_type: unknown, reference: unknown, body: unknown) => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    written.push([reference, body]);
  };
  const label = new PodLabel({
    client: { patch } as unknown as Pick<KubeClient, "patch">,
    ...{ namespace: "system", podName: "operator-0", label: "example.dev/role", random: () => 0.5, log: SILENT },
    clock: {
      ...systemClock,
      sleep: async (ms, signal) => {
        waits.push(ms);
        await systemClock.sleep(1, signal);
      },
    },
  });
  return { label, written, waits };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline);
    await systemClock.sleep(2);
  }
}

const labelled = (value: string | null) => [
  { namespace: "system", name: "operator-0" },
  { metadata: { labels: { "example.dev/role": value } } },
];

test("each value is written once, in its order", async () => {
  const { label, written } = setUp();
  label.set(null);
  await until(() => written.length === 1);
  label.set("ready");
  await until(() => written.length === 2);
  assert.deepEqual(written, [labelled(null), labelled("ready")]);
});

test("a write that fails is retried with growing waits, and writes the newest value", async () => {
  const forbidden = () => new ApiError({ type: "Forbidden" }, "PATCH: 403");
  const { label, written, waits } = setUp(forbidden(), forbidden());
  label.set(null);
  label.set("ready");
  await until(() => written.length === 1);
  assert.deepEqual(written, [labelled("ready")]);
  assert.ok((waits[1] ?? 0) > (waits[0] ?? 0), `${waits}`);
});

test("a replica that is not a Pod is not labelled", async () => {
  const { label, written, waits } = setUp(new ApiError({ type: "NotFound" }, "PATCH: 404"));
  label.set("ready");
  await systemClock.sleep(20);
  assert.deepEqual([written, waits], [[], []]);
  await label.stop();
});
