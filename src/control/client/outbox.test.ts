import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { ReportSchema } from "../generated/control_pb.ts";
import { REPORT_INTERVAL_MS } from "../protocol.ts";
import { Outbox } from "./outbox.ts";

const NOTHING_HELD = { revision: "", versions: new Map() };

/** The revisions of the reports that a proxy sends; each change of the report is another revision. */
function setUp() {
  const sent: string[] = [];
  const state = { revision: 0 };
  const report = () => ({ revision: `${state.revision}`, listeners: [], unresolvedHosts: [] });
  const outbox = new Outbox(report);
  const change = () => {
    state.revision++;
    outbox.reportChanged();
  };
  const reading = (async () => {
    for await (const { message } of outbox.messages("proxy", NOTHING_HELD)) {
      if (message.case === "report") sent.push(fromBinary(ReportSchema, message.value).revision);
    }
  })();
  return { outbox, sent, report, change, reading };
}

test("of reports that change all the time the newest is sent once in each interval", async () => {
  const { outbox, sent, change, reading } = setUp();
  const startMs = performance.now();
  for (let count = 0; count < 100; count++) {
    change();
    await sleep(5);
  }
  // One at the start of the stream, one for the first change, then one for each interval.
  const most = 2 + Math.floor((performance.now() - startMs) / REPORT_INTERVAL_MS);
  assert.ok(sent.length >= 3 && sent.length <= most, `${sent.length} reports, at most ${most}`);
  await sleep(2 * REPORT_INTERVAL_MS);
  assert.equal(sent.at(-1), "100", "the last change is not lost");
  assert.ok(sent.length <= most + 1, `${sent.length} reports`);
  outbox.close();
  await reading;
});

test("an answer is sent at once, and replaces the report that waits", async () => {
  const { outbox, sent, report, change, reading } = setUp();
  for (let count = 0; count < 3; count++) {
    change();
    await sleep(1);
  }
  const before = sent.length;
  outbox.answer(1, report());
  await sleep(1);
  assert.deepEqual(sent.slice(before), ["3"]);
  await sleep(2 * REPORT_INTERVAL_MS);
  assert.equal(sent.length, before + 1);
  outbox.close();
  await reading;
});
