/** Dead peers behind a link that goes down while bytes are on their way. Its loopback sibling is src/proxy/relay/dead-peers.test.ts. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { GATEWAY_ADDRESS, Namespaces, PEER_ADDRESS, type Place } from "./namespaces.ts";

const TIMEOUT_MS = 4_000;
/** A stall is found within a quarter of the timeout, and ends at a check as long after it. */
const DEAD_WITHIN_MS = 8_000;
const START_MS = 20_000;

async function connect(
  t: TestContext,
  serverPlace: Place,
  serverManner: string,
  clientManner: string,
  timeoutMs: number,
) {
  const namespaces = new Namespaces(t);
  const server = namespaces.start(serverPlace, "server", serverManner);
  await server.line(/^ready$/, START_MS);
  const serverAddress = serverPlace === "peer" ? PEER_ADDRESS : "127.0.0.1";
  const gateway = namespaces.start("gateway", "gateway", "linux", `${serverAddress}:9000`, String(timeoutMs));
  await gateway.line(/^ready$/, START_MS);
  const clientPlace = serverPlace === "peer" ? "gateway" : "peer";
  const client = namespaces.start(clientPlace, "client", clientManner, GATEWAY_ADDRESS);
  return { client, gateway, namespaces, server };
}

for (const [dead, reason] of [
  ["backend", "backend_unresponsive"],
  ["client", "client_unreachable"],
] as const) {
  test(`the link of a ${dead} goes down while the other side sends: that side is reset`, {
    timeout: 90_000,
  }, async (t) => {
    const { client, gateway, namespaces, server } = await connect(
      t,
      dead === "backend" ? "peer" : "gateway",
      "talk",
      "talk",
      TIMEOUT_MS,
    );
    await Promise.all([client.line(/^receiving$/, START_MS), server.line(/^receiving$/, START_MS)]);
    namespaces.cutLink();
    const cutMs = performance.now();
    const other = dead === "backend" ? client : server;
    assert.equal(await other.line(/^(error|end)/, 2 * DEAD_WITHIN_MS), "error ECONNRESET");
    const tookMs = performance.now() - cutMs;
    assert.ok(tookMs >= TIMEOUT_MS && tookMs < DEAD_WITHIN_MS, `${Math.round(tookMs)} ms`);
    assert.match(await gateway.line(/^ended/, 2_000), new RegExp(`^ended ${reason} no acknowledgement for \\d s$`));
  });
}

test("a backend behind a link that is up answers and does not read: it lives, and gets every byte", {
  timeout: 90_000,
}, async (t) => {
  const { client, gateway, server } = await connect(t, "peer", "mute", "talk", 1_000);
  // Four times as long as a dead one would live.
  await sleep(6_000);
  await assert.rejects(gateway.line(/^ended/, 1), "the connection is open");
  client.child.stdin.write("end\n");
  server.child.stdin.write("read\n");
  const [, received] = (await server.line(/^end \d+$/, START_MS)).split(" ");
  assert.ok(Number(received) > 100_000, String(received));
  server.child.stdin.write("end\n");
  assert.match(await gateway.line(/^ended/, 5_000), /^ended completed/);
});
