import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../results.ts";
import { beforeTable, compare } from "./comparisons.ts";

function row(metric: string, contender: Row["contender"], median: number, failed = 0): Row {
  return { metric, unit: "s", contender, median, min: median, max: median, samples: 5, failed };
}

test("of several peers the best counts, and HAProxy tuned only where it is asked for", () => {
  const rows = [
    row("down-8.cpu", "fsm-linux", 0.3),
    row("down-8.cpu", "haproxy", 0.6),
    row("down-8.cpu", "nginx", 0.5),
    row("down-8.cpu", "haproxy-tuned", 0.2),
  ];
  const found = compare(rows).map(({ engine, theirs, ratio }) => ({ engine, theirs, ratio }));
  assert.deepEqual(found, [
    { engine: "fsm-linux", theirs: { contender: "nginx", value: 0.5 }, ratio: 0.6 },
    { engine: "fsm-linux", theirs: { contender: "haproxy-tuned", value: 0.2 }, ratio: 0.3 / 0.2 },
  ]);
});

test("where more is better, the best peer is the one with most", () => {
  const rows = [row("connections.rate", "fsm-portable", 6000), row("connections.rate", "haproxy", 12_000)];
  assert.equal(compare(rows)[0]?.ratio, 0.5);
});

test("many routes are those of the stream, compared with one route of the same engine", () => {
  const rows = [
    row("routes-100000.cpu", "fsm-portable-stream", 0.8),
    row("routes-1.cpu", "fsm-portable-stream", 0.4),
    row("routes-1.cpu", "fsm-portable", 0.2),
    row("routes-1.cpu", "fsm-linux-stream", 0.1),
  ];
  assert.deepEqual(compare(rows)[0]?.theirs, { contender: "fsm-portable-stream", value: 0.4 });
});

test("a figure with failures answers no question, neither as ours nor as theirs", () => {
  const rows = [row("connections.cpu", "fsm-portable", 1), row("connections.cpu", "haproxy", 0.5, 3)];
  assert.equal(compare(rows)[0]?.theirs, undefined);
  assert.deepEqual(compare([row("connections.cpu", "fsm-portable", 1, 1)]), []);
});

test("each metric of an engine stands beside that of the other checkout's, unless work of either failed", () => {
  const rows = [
    row("connections.cpu", "fsm-linux", 3),
    row("connections.cpu", "fsm-linux-before", 2),
    row("connections.rate", "fsm-linux", 3),
    row("handshakes.cpu", "fsm-linux", 1),
    row("handshakes.cpu", "fsm-linux-before", 1, 1),
  ];
  assert.deepEqual(beforeTable(rows).lines, [["fsm-linux", "connections.cpu", "s", "3.00", "2.00", "1.50"]]);
});
