import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { limitWorkerHeaps } from "./worker-heaps.ts";

test("threads that are started after the call have small young spaces", async () => {
  limitWorkerHeaps();
  const program = `
    const { parentPort } = require("node:worker_threads");
    const { getHeapSpaceStatistics } = require("node:v8");
    const kept = [];
    let most = 0;
    for (let i = 0; i < 1_000_000; i++) {
      kept[i % 60_000] = { i, list: [i] };
      if (i % 10_000 !== 0) continue;
      most = Math.max(most, getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space").space_size);
    }
    parentPort.postMessage(most);
  `;
  const [most] = await once(new Worker(program, { eval: true }), "message");
  assert.ok(most > 0 && most <= 4 * 1024 * 1024, `${most} bytes`);
});
