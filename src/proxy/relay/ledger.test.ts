import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../test/wire/manual-clock.ts";
import type { Tally } from "../observe/tally.ts";
import type { ConnectionRecord } from "./engine.ts";
import { Ledger } from "./ledger.ts";

const record: ConnectionRecord = {
  reason: "completed",
  path: { listener: "l" },
  port: 443,
  clientAddress: "192.0.2.1:1",
  bytesIn: 10,
  bytesOut: 20,
  durationMs: 1,
};

function told(wantsRecords: boolean, wantsFailures = wantsRecords) {
  const clock = new ManualClock();
  const opened: (number | undefined)[] = [];
  const ended: ConnectionRecord[] = [];
  const tallies: Tally[] = [];
  const host = {
    wantsRecords,
    wantsFailures,
    opened: (count?: number) => void opened.push(count),
    ended: (record: ConnectionRecord) => void ended.push(record),
    tallied: (tally: Tally) => void tallies.push(tally),
  };
  return { clock, ledger: new Ledger(host, clock), opened, ended, tallies };
}

test("who wants records gets each at once", () => {
  const { clock, ledger, opened, ended, tallies } = told(true);
  ledger.opened();
  ledger.ended(record);
  assert.deepEqual([opened.length, ended, tallies], [1, [record], []]);
  assert.deepEqual(clock.pending(), []);
});

test("who does not gets sums, within a quarter of a second, and nothing twice", async () => {
  const { clock, ledger, opened, ended, tallies } = told(false);
  for (let count = 0; count < 3; count++) ledger.opened();
  for (let count = 0; count < 2; count++) ledger.ended(record);
  assert.deepEqual([opened, ended, tallies], [[], [], []]);
  await clock.advance(250);
  assert.deepEqual([opened, ended], [[3], []]);
  const { sums } = tallies[0]!;
  assert.deepEqual(sums, [{ listener: "l", reason: "completed", connections: 2, bytesIn: 20, bytesOut: 40 }]);
  await clock.advance(1_000);
  ledger.flush();
  assert.deepEqual([opened.length, tallies.length, clock.pending()], [1, 1, []]);
  ledger.ended(record);
  ledger.flush();
  assert.deepEqual([tallies.length, clock.pending()], [2, []]);
});

test("who wants failures gets those records at once, after what has been opened, and sums of the rest", async () => {
  const { clock, ledger, opened, ended, tallies } = told(false, true);
  for (let count = 0; count < 2; count++) ledger.opened();
  const failed: ConnectionRecord = { ...record, reason: "backend_refused" };
  ledger.ended(record);
  ledger.ended(failed);
  assert.deepEqual([opened, ended, tallies], [[2], [failed], []]);
  await clock.advance(250);
  assert.deepEqual([opened, tallies.map(({ sums }) => sums.map(({ reason }) => reason))], [[2], [["completed"]]]);
});
