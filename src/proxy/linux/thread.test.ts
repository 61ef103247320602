import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_TIME_OUTS } from "../relay/time-outs.ts";
import { linuxEngineMeans } from "./linux-engine.ts";
import type { ToWorker } from "./messages.ts";
import { Thread } from "./thread.ts";

const means = linuxEngineMeans();
const skip = "problem" in means ? means.problem : false;

/** Most of what messages may take of a turn. */
const SLOW_MS = 0.4;

test("however many messages wait and however often it is woken, a turn takes a few of them, in their order", {
  skip,
}, () => {
  assert.ok(!("problem" in means));
  const { libc } = means;
  const wake = libc.eventCounter();
  const one = libc.allocate(8);
  one.bytes[0] = 1;
  const waiting = Array.from({ length: 100 }, (_, request): ToWorker => ({ type: "cut", request }));
  const done: number[] = [];
  const thread = new Thread(
    libc,
    {
      wake,
      openDescriptors: new Uint8Array(1_024),
      active: new Int32Array(2),
      index: 0,
      maxConnections: 10,
      pipeCap: 1,
      timeOuts: DEFAULT_TIME_OUTS,
      overrides: new Map(),
      wantsRecords: true,
    },
    {
      send: (message) => void (message.type === "done" && done.push(message.request)),
      receive() {
        const untilMs = performance.now() + SLOW_MS;
        while (performance.now() < untilMs);
        return waiting.shift();
      },
    },
  );
  let most = 0;
  for (let turns = 0; done.length < 100; turns++) {
    assert.ok(turns < 200, "each turn does something");
    libc.write(wake, one, 8);
    const before = done.length;
    thread.turn();
    most = Math.max(most, done.length - before);
  }
  assert.ok(most <= 4, `${most} messages in one turn`);
  assert.deepEqual(done, [...Array(100).keys()]);
});
