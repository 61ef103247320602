import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gatherer } from "./gathered.ts";

/** Writes as they reach the system. */
function recorder() {
  const writes: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => chunk).join(""));
      done();
    },
  });
  return { stream, writes };
}

test("lines of one turn are one write at its end, and those of the next another", async () => {
  const { stream, writes } = recorder();
  const gather = gatherer(stream, new EventEmitter());
  const line = (text: string) => {
    gather();
    stream.write(`${text}\n`);
  };
  line("a");
  await Promise.resolve();
  line("b");
  assert.deepEqual(writes, []);
  await turn();
  assert.deepEqual(writes, ["a\nb\n"]);
  line("c");
  await turn();
  assert.deepEqual(writes, ["a\nb\n", "c\n"]);
});

test("what is gathered when the process ends is written, whichever way it ends", () => {
  const logger = fileURLToPath(new URL("./logger.ts", import.meta.url));
  const begin = `import { createLogger } from ${JSON.stringify(logger)};
    const log = createLogger({ level: "info", format: "text" }); log.info("first"); log.error("last");`;
  for (const end of ["", "process.exit(3);", "throw new Error('defect');"]) {
    const { stdout } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", begin + end]);
    assert.match(String(stdout), /INFO +first\n.*ERROR +last\n/, end);
  }
});
