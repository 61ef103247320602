import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { deltaBetween, listener, route } from "../../../test/wire/config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { DeltaParts } from "../../proxy/delta-parts.ts";
import type { FromReader } from "./messages.ts";
import { ServingSide } from "./serving-side.ts";

const report = (revision: string): ProxyReport => ({ revision, listeners: [], unresolvedHosts: [] });
const routes = Array.from({ length: 1_000 }, (_, index) => route(`r${index}`, "l", [`h${index}.example.com`], {}));

function start() {
  const sent: FromReader[] = [];
  const side = new ServingSide((message) => void sent.push(structuredClone(message)));
  return { sent, side, proxy: side.createProxy("ns/gw") };
}

test("a large delta goes out part by part, each when the one before was taken, and is answered once", async () => {
  const { sent, side, proxy } = start();
  const delta = deltaBetween([], [listener("l", 443), ...routes]);
  const applied = proxy.apply(delta);
  const assembly = new DeltaParts();
  for (;;) {
    await turn();
    const [message, ...more] = sent.splice(0);
    assert.deepEqual(more, [], "nothing is sent before it is asked for");
    if (message?.type !== "apply_part") {
      assert.ok(message?.type === "apply" && message.gateway === "ns/gw");
      assert.deepEqual(assembly.complete(message.delta), delta);
      side.take({ type: "applied", request: message.request, report: report(delta.revision) });
      break;
    }
    assembly.add(message);
    side.take({ type: "go_on" });
  }
  assert.equal((await applied).revision, delta.revision);
  assert.equal(proxy.report().revision, delta.revision);
});

test("a defect there is an exception here", async () => {
  const { sent, side, proxy } = start();
  const applied = proxy.apply(deltaBetween([], [listener("l", 443)]));
  await turn();
  const [message] = sent;
  assert.ok(message?.type === "apply");
  side.take({ type: "failed", request: message.request, problem: "broken" });
  await assert.rejects(applied, /broken/);
});

test("a report that nobody asked for is heard, until the Gateway is gone", async () => {
  const { sent, side, proxy } = start();
  let heard = 0;
  proxy.onReport(() => heard++);
  side.take({ type: "report", gateway: "ns/gw", report: report("a") });
  side.take({ type: "report", gateway: "ns/other", report: report("b") });
  assert.deepEqual([heard, proxy.report().revision], [1, "a"]);
  await proxy.drain(7);
  assert.deepEqual(sent, [{ type: "retire", gateway: "ns/gw", drainMs: 7 }]);
  side.take({ type: "report", gateway: "ns/gw", report: report("c") });
  assert.equal(heard, 1);
});
