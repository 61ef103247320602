import assert from "node:assert/strict";
import { test } from "node:test";
import { noBlackhole, startBlackhole } from "../../../test/wire/blackhole.ts";
import { backend, route } from "../../../test/wire/config.ts";
import { connectTo, eventually, LOOPBACK, readAll, startEcho } from "../../../test/wire/sockets.ts";
import type { Resource } from "../../model/proxy-config.ts";
import { echoThrough, hello, skip, startEngine } from "./testing/engine.ts";

const toHost = (host: string, port: number): Resource[] => [
  route("r", "l", ["*"], { out: 1 }),
  backend("out", { type: "external", host, port }),
];

test("an external host that nothing is known of: the connection waits for DNS, and the next one does not", {
  skip,
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const asked: string[] = [];
  const answer = Promise.withResolvers<readonly string[]>();
  const { engine, port, records } = await startEngine(t, toHost("out.example", echo.port), {
    lookup: (host) => {
      asked.push(host);
      return answer.promise;
    },
  });
  const waiting = [echoThrough(port), echoThrough(port)];
  await eventually(
    () => asked.length > 0 && engine.activeConnections === 2,
    () => "the question",
  );
  answer.resolve([LOOPBACK]);
  await Promise.all(waiting);
  assert.deepEqual(asked, ["out.example"], "one question for both");
  engine.hostAnswered("out.example", { ipv4: [LOOPBACK], ipv6: [], ttlMs: 60_000 });
  await echoThrough(port);
  engine.hostAnswered("out.example", { reason: "no_address", message: "out.example has no address" });
  const refused = await connectTo(port);
  refused.end(hello);
  assert.equal((await readAll(refused)).length, 0);
  await eventually(
    () => records.length === 4,
    () => `4 records, there are ${records.length}`,
  );
  assert.deepEqual(asked, ["out.example"]);
  const last = records[3];
  assert.deepEqual([last?.reason, last?.detail], ["backend_unresolved", "out.example has no address"]);
});

test("an external host's addresses are raced: one that does not answer costs the attempt delay", {
  skip: skip || noBlackhole(),
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const silent = await startBlackhole("127.0.0.2", echo.port);
  t.after(() => silent.close());
  const { engine, port, records } = await startEngine(t, toHost("out.example", echo.port), {
    timeOuts: { attemptDelayMs: 50 },
  });
  engine.hostAnswered("out.example", { ipv4: ["127.0.0.2", LOOPBACK], ipv6: [], ttlMs: 60_000 });
  await echoThrough(port);
  await eventually(
    () => records.length === 1,
    () => "the record",
  );
  assert.deepEqual([records[0]?.reason, records[0]?.endpoint], ["completed", echo.address]);
  const connectMs = Number(records[0]?.connectMs);
  assert.ok(connectMs >= 50 && connectMs < 4_000, String(connectMs));
  assert.equal(silent.attempts(), 0, "the loser is given up");
});
