import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LogOutput, MAX_BUFFERED_CHARACTERS, MAX_PRINTED_CHARACTERS } from "./log-output.ts";

const logger = fileURLToPath(new URL("./logger.ts", import.meta.url));

/** A reader that accepts a write only on request, and the lines that it received. */
function startReader() {
  const writes: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  let isReading = true;
  const target = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      writes.push(text);
      if (isReading) done();
      else waiting.push(done);
    },
  });
  const resumed: number[] = [];
  const process = new EventEmitter();
  const output = new LogOutput({ target, process, onResumed: (dropped) => void resumed.push(dropped) });
  return {
    output,
    process,
    writes,
    resumed,
    stop: () => {
      isReading = false;
    },
    resume: async (error?: Error) => {
      isReading = true;
      for (const done of waiting.splice(0)) done(error);
      await turn();
      await turn();
    },
  };
}

test("lines of one loop iteration are one write at its end, and lines of the next are another", async () => {
  const { output, writes } = startReader();
  output.stream.write("a\n");
  await Promise.resolve();
  output.stream.write("b\n");
  assert.deepEqual(writes, []);
  await turn();
  assert.deepEqual(writes, ["a\nb\n"]);
  output.stream.write("c\n");
  await turn();
  assert.deepEqual(writes, ["a\nb\n", "c\n"]);
});

test("without a reader the buffer is bounded, lines beyond it are counted, and that is reported once when the reader is back", async () => {
  const reader = startReader();
  const { output, resumed, writes } = reader;
  reader.stop();
  const line = `${"x".repeat(1_023)}\n`;
  const offered = (2 * MAX_BUFFERED_CHARACTERS) / line.length;
  let admitted = 0;
  for (let count = 0; count < offered; count++) {
    if (output.tryAdmit("info")) {
      admitted++;
      output.stream.write(line);
    }
    if (count % 100 === 0) await turn();
  }
  assert.equal(admitted * line.length, MAX_BUFFERED_CHARACTERS);
  assert.equal(output.droppedLines, offered - admitted);
  assert.equal(output.tryAdmit("error"), true, "there is room for an error");
  assert.deepEqual(resumed, []);
  await reader.resume();
  assert.deepEqual(resumed, [offered - admitted]);
  assert.equal(writes.join("").length, admitted * line.length, "what was admitted is written");
  assert.equal(output.tryAdmit("info"), true);
});

test("text for people is bounded by itself: it drops no log line, and its lines beyond the limit are counted", async () => {
  const reader = startReader();
  reader.stop();
  reader.output.print("a\nb\n");
  await turn();
  const text = `${"x".repeat(1024 * 1024 - 1)}\n`;
  for (let printed = 0; printed < MAX_PRINTED_CHARACTERS; printed += text.length) reader.output.print(text);
  await turn();
  assert.equal(reader.output.droppedLines, 0);
  reader.output.print("lost\nlost\n");
  assert.equal(reader.output.droppedLines, 2);
  assert.ok(reader.output.tryAdmit("info"));
  reader.output.stream.write("line\n");
  await reader.resume();
  await reader.resume();
  assert.deepEqual([reader.writes[0], reader.writes.at(-1), reader.resumed], ["a\nb\n", "line\n", [2]]);
  reader.output.print("again\n");
  await turn();
  assert.equal(reader.writes.at(-1), "again\n");
});

test("lines that could not be written are counted, and the output lives", async () => {
  const reader = startReader();
  const { output } = reader;
  reader.stop();
  output.stream.write("a\n");
  output.stream.write("b\n");
  await turn();
  await reader.resume(new Error("write EPIPE"));
  assert.equal(output.droppedLines, 2);
});

test("what is left when the process ends is written, whichever way it ends", () => {
  const start = `import { createLogger } from ${JSON.stringify(logger)};
    const log = createLogger({ level: "info", format: "text" }); log.info("first"); log.error("last");`;
  for (const end of ["", "process.exit(3);", "throw new Error('defect');"]) {
    const { stdout } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", start + end]);
    assert.match(String(stdout), /INFO +first\n.*ERROR +last\n/, end);
  }
});

test("a process lives without a reader, and continues to count", async (t) => {
  const program = `import { createLogger } from ${JSON.stringify(logger)};
    const log = createLogger({ level: "info", format: "json" });
    setInterval(() => log.info("line"), 1);
    setInterval(() => process.stderr.write(log.droppedLines() + "\\n"), 20);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program]);
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  child.stdout.destroy();
  let last = "";
  for await (const line of createInterface({ input: child.stderr })) {
    last = line;
    if (Number(line) > 20) break;
  }
  assert.ok(Number(last) > 20, `the process ended: ${last}`);
  assert.equal(child.exitCode, null);
});
