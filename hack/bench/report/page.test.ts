import assert from "node:assert/strict";
import { test } from "node:test";
import { Collection } from "../results.ts";
import { connections, handshakes } from "../scenarios/connections.ts";
import { HANDWRITTEN_MARKER, performancePage, type RunDescription } from "./page.ts";

const MACHINE = { processor: "P", processors: 2, memoryGib: 4, kernel: "6.1", go: "go1.26", node: "v26" };

const RUN: RunDescription = {
  date: new Date("2026-01-02T03:04:05Z"),
  machine: { ...MACHINE, commit: "abc", root: true },
  contenders: [],
  scenarios: [connections],
  leftOut: [handshakes],
  rounds: 5,
  precedence: false,
  interrupted: false,
  pace: { settleMs: 8000, windowMs: 2000, warmUpMs: 300, idleConnections: 5000 },
};

function results() {
  const collection = new Collection();
  collection.add(connections, "haproxy", { values: { cpu: 0.5, rate: 9000, p99: 3 }, failures: {}, foreignCores: 0 });
  collection.addGap({ scenario: undefined, contender: "fsm-linux", why: "there is no such flag" });
  return collection.results();
}

test("the page says what was measured, where, and what was not", () => {
  const page = performancePage(RUN, results(), undefined);
  assert.match(page, /2026-01-02, commit abc; 2 × P, 4 GiB/);
  assert.match(page, /\| haproxy \| 0\.500 ×1\.00 \| 9,000 ×1\.00 \| 3\.00 ×1\.00 \|/);
  assert.match(page, /- fsm-linux: there is no such flag\n- Not run: handshakes/);
  assert.match(page, /None of our engines was measured/);
});

test("an interrupted run says so", () => {
  assert.match(performancePage({ ...RUN, interrupted: true }, results(), undefined), /The run was interrupted/);
});

test("what people wrote below the marker survives, and nothing above it does", () => {
  const first = `${performancePage(RUN, results(), undefined)}\nWhat we learned.\n`;
  const second = performancePage(RUN, results(), first.replace("haproxy", "an old figure"));
  assert.equal(second, first);
  assert.equal(second.split(HANDWRITTEN_MARKER).length, 2);
});
