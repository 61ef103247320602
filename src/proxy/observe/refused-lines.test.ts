import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryLog, startSimple, testEngines } from "../../../test/wire/gateway.ts";
import { ManualClock } from "../../../test/wire/manual-clock.ts";
import { turnedAway } from "../../../test/wire/reasons/producer.ts";
import { eventually, LOOPBACK } from "../../../test/wire/sockets.ts";
import { RefusedLines, refusedLinesSize } from "./refused-lines.ts";

function start(perSecond: number) {
  const clock = new ManualClock();
  const { log, lines } = memoryLog();
  const refused = new RefusedLines({ log, clock, size: refusedLinesSize(perSecond) });
  const allowed = (reason: "not_tls" | "invalid_sni" | "client_reset", count: number, connectMs?: number) =>
    Array.from({ length: count }, () =>
      refused.allows({ reason, ...(connectMs === undefined ? {} : { connectMs }) }),
    ).filter((isAllowed) => isAllowed).length;
  const summaries = () => lines.map(({ level, message, fields }) => [level, message, fields.reasons]);
  return { clock, refused, allowed, summaries };
}

const SUMMARY = ["warn", "refused connections left out of the log"];

test("each reason has its burst, then so many in a second; what is left out is told by reason, once in a second", async () => {
  const { allowed, clock, summaries } = start(5);
  assert.equal(allowed("not_tls", 80), 50);
  assert.equal(allowed("invalid_sni", 51), 50);
  await clock.advance(999);
  assert.deepEqual(summaries(), []);
  await clock.advance(1);
  assert.deepEqual(summaries(), [[...SUMMARY, { not_tls: 30, invalid_sni: 1 }]]);
  assert.equal(allowed("not_tls", 10), 5);
  await clock.advance(10_000);
  assert.deepEqual(summaries().slice(1), [[...SUMMARY, { not_tls: 5 }]], "and no more when nothing is left out");
});

test("a connection that had a backend is never left out", () => {
  const { allowed } = start(1);
  assert.equal(allowed("client_reset", 1_000, 3), 1_000);
  assert.equal(allowed("client_reset", 1_000), 10);
});

test("0: no line is left out", () => {
  assert.equal(start(0).allowed("not_tls", 100_000), 100_000);
});

test("the end tells what was left out last", () => {
  const { allowed, refused, clock, summaries } = start(1);
  allowed("not_tls", 11);
  refused.close();
  refused.close();
  assert.deepEqual(summaries(), [[...SUMMARY, { not_tls: 1 }]]);
  assert.deepEqual(clock.pending(), []);
});

testEngines("the log has the lines that it may, and the metric all connections", async (t) => {
  const { port, lines, metrics } = await startSimple(t, [`${LOOPBACK}:1`], { refusedLinesPerSecond: 0.1 });
  for (let turn = 0; turn < 4; turn++) await turnedAway(t, port, Buffer.from("no TLS"));
  const summary = () => lines.find(({ message }) => message === "refused connections left out of the log");
  await eventually(
    () => summary() !== undefined,
    () => "the summary",
  );
  assert.deepEqual(summary()?.fields, { reasons: { not_tls: 3 } });
  assert.equal(lines.filter(({ message }) => message === "connection").length, 1);
  assert.match(await metrics.expose(), /connections_total\{listener="",reason="not_tls"\} 4/);
});
