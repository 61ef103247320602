import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryLog, startSimple, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, eventually, freePorts, LOOPBACK, readAll } from "../../../test/wire/sockets.ts";
import { REASONS_TO_FIX } from "../../model/connection-reason.ts";

const hello = helloFor("a.example");

testEngines("a failure that somebody must fix is logged at warn, what a client causes by itself at info", async (t) => {
  const [unused = 0] = await freePorts(1);
  const { port, connections, lines } = await startSimple(t, [`${LOOPBACK}:${unused}`]);
  for (const first of [hello, "GET / HTTP/1.1\r\n\r\n"]) {
    const client = await connectTo(port);
    client.end(first);
    await readAll(client);
  }
  await connections(2);
  const levels = lines
    .filter(({ message }) => message === "connection")
    .map(({ level, fields }) => [level, fields.reason]);
  assert.deepEqual(levels.sort(), [
    ["info", "not_tls"],
    ["warn", "backend_refused"],
  ]);
});

testEngines(
  "with log level warn only failures to fix are logged, with all their fields, and all are counted",
  async (t) => {
    const { log, lines } = memoryLog();
    const [unused = 0] = await freePorts(1);
    const { port, metrics } = await startSimple(t, [`${LOOPBACK}:${unused}`], {
      log: { ...log, isEnabled: (level) => level === "warn" },
    });
    for (const first of ["GET / HTTP/1.1\r\n\r\n", hello]) {
      const client = await connectTo(port);
      client.end(first);
      await readAll(client);
    }
    const ended = () => lines.filter(({ message }) => message === "connection");
    await eventually(
      () => ended().length > 0,
      () => JSON.stringify(lines),
    );
    const counts = async () =>
      (await metrics.expose()).split("\n").filter((line) => /^fsm_gateway_connections_total.* 1$/.test(line));
    for (const until = Date.now() + 5_000; (await counts()).length < 2 && Date.now() < until; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await counts()).length, 2, (await counts()).join());
    assert.equal(ended().length, 1, JSON.stringify(ended()));
    const { level, fields } = ended()[0] ?? assert.fail();
    assert.deepEqual(
      [level, fields.reason, fields.serverName, fields.backend],
      ["warn", "backend_refused", "a.example", "s"],
    );
    assert.match(String(fields.clientAddress), /^127\.0\.0\.1:\d+$/);
  },
);

test("no reason that a client causes by itself is a reason to fix", () => {
  for (const reason of REASONS_TO_FIX) assert.doesNotMatch(reason, /client|hello|sni|header|matching|reset|completed/);
});
