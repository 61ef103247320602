import assert from "node:assert/strict";
import { test } from "node:test";
import type { BucketSize } from "../admit/token-bucket.ts";
import { countOf } from "../observe/tally.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import type { FromWorker } from "./messages.ts";
import { RecordOutbox } from "./record-outbox.ts";

const refused: ConnectionRecord = {
  reason: "not_tls",
  path: {},
  port: 1,
  clientAddress: "c",
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 1,
};
const relayed: ConnectionRecord = { ...refused, reason: "completed", connectMs: 1 };

const describing = (record: ConnectionRecord) => ({ ...record, record: () => record });

function start(wantsRecords: boolean, refusedLines: BucketSize | undefined, wantsFailures = wantsRecords) {
  const sent: FromWorker[] = [];
  const outbox = new RecordOutbox({ wantsRecords, wantsFailures, refusedLines }, (message) => void sent.push(message));
  const told = () =>
    sent.splice(0).map((message) => {
      if (message.type === "connections") return ["records", message.opened, message.ended.map(({ reason }) => reason)];
      return message.type === "tally" ? ["sums", message.opened, countOf(message.ended)] : [message.type];
    });
  return { outbox, told };
}

test("records go one by one; refused ones that are too many as sums, after what has begun", () => {
  const { outbox, told } = start(true, { perSecond: 1, burst: 1 });
  for (const record of [refused, refused, relayed, refused, relayed]) {
    outbox.opened(0);
    outbox.ended(describing(record), 0);
  }
  assert.equal(outbox.dueMs, 20);
  outbox.flush();
  assert.deepEqual(told(), [
    ["records", 5, ["not_tls", "completed", "completed"]],
    ["sums", 0, 2],
  ]);
  outbox.opened(1_000);
  outbox.ended(describing(refused), 1_000);
  outbox.flush();
  assert.deepEqual(told(), [["records", 1, ["not_tls"]]]);
  outbox.flush();
  assert.deepEqual(told(), [], "nothing waits");
});

test("where nobody wants records there are sums alone", () => {
  const { outbox, told } = start(false, { perSecond: 1, burst: 1 });
  for (const record of [refused, relayed, refused]) {
    outbox.opened(0);
    outbox.ended(describing(record), 0);
  }
  outbox.flush();
  assert.deepEqual(told(), [["sums", 3, 3]]);
});

test("where only failures are wanted their records go, limited as others, and the rest as sums", () => {
  const { outbox, told } = start(false, { perSecond: 1, burst: 1 }, true);
  const failed: ConnectionRecord = { ...refused, reason: "no_ready_endpoint" };
  for (const record of [refused, failed, relayed, failed]) {
    outbox.opened(0);
    outbox.ended(describing(record), 0);
  }
  outbox.flush();
  assert.deepEqual(told(), [
    ["records", 4, ["no_ready_endpoint"]],
    ["sums", 0, 3],
  ]);
});

test("256 records go at once", () => {
  const { outbox, told } = start(true, undefined);
  for (let count = 0; count < 256; count++) outbox.ended(describing(refused), 0);
  assert.equal(told().length, 1);
});

test("when something else is wanted, what waits is told as it was wanted before", () => {
  const { outbox, told } = start(true, undefined);
  outbox.opened(0);
  outbox.ended(describing(relayed), 0);
  outbox.want({ wantsRecords: false, wantsFailures: false, refusedLines: undefined });
  outbox.ended(describing(relayed), 0);
  outbox.flush();
  outbox.want({ wantsRecords: true, wantsFailures: true, refusedLines: { perSecond: 1, burst: 1 } });
  for (let count = 0; count < 2; count++) outbox.ended(describing(refused), 0);
  outbox.flush();
  assert.deepEqual(told(), [
    ["records", 1, ["completed"]],
    ["sums", 0, 1],
    ["records", 0, ["not_tls"]],
    ["sums", 0, 1],
  ]);
});
