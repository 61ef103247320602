/** The account must be right: who is cut is counted, who is not is not. A TLS server on loopback is cut at will. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type TLSSocket } from "node:tls";
import { testAuthority } from "../wire/authority.ts";
import { startLoad } from "./load.ts";

const SHORT = "short.example";
const LONG = "long.example";

test("short connections that are cut and long ones that end are counted, with their times; all others are answered", async (t) => {
  const authority = await testAuthority();
  const identity = await authority.issue({ dns: [SHORT, LONG] });
  const state = { isDown: false };
  const longs: TLSSocket[] = [];
  const server = createServer(identity, (socket) => {
    socket.on("error", () => {});
    if (socket.servername === LONG) {
      longs.push(socket);
      createInterface({ input: socket }).on("line", (line) => socket.write(`${line}\n`));
    } else if (state.isDown) socket.destroy();
    else socket.end("answer");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of longs) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const load = await startLoad({
    address: "127.0.0.1",
    port,
    ca: authority.ca,
    short: { serverName: SHORT, perSecond: 50 },
    long: { serverName: LONG, connections: 5 },
  });
  await sleep(300);
  const downFromMs = Date.now();
  state.isDown = true;
  await sleep(400);
  state.isDown = false;
  const downUntilMs = Date.now();
  longs[0]?.destroy();
  await sleep(500);
  const { answered, failures, longestGap, long } = await load.stop();
  assert.ok(answered > 0);
  assert.ok(failures.length > 0);
  for (const { atMs, reason } of failures) {
    // One that was begun a moment before is met by the cut too.
    assert.ok(atMs >= downFromMs - 200 && atMs <= downUntilMs, `${atMs - downFromMs} ms after the cut`);
    assert.ok(reason.length > 0);
  }
  assert.ok(longestGap.ms >= 300, `the longest gap is ${longestGap.ms} ms`);
  assert.equal(long.opened, 5);
  assert.equal(long.ended.length, 1);
  assert.ok((long.ended[0]?.atMs ?? 0) >= downUntilMs - 5);
});

test("a server that is not there is told at once", async () => {
  const { ca } = await testAuthority();
  const short = { serverName: SHORT, perSecond: 1 };
  const long = { serverName: LONG, connections: 2 };
  await assert.rejects(startLoad({ address: "127.0.0.1", port: 1, ca, short, long }), /0 of 2 long .*ECONNREFUSED/);
});
