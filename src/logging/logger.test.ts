import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createLogger, type LoggerOptions } from "./logger.ts";

const now = () => new Date("2026-01-02T03:04:05.678Z");

/** A logger and the lines that it has written. */
function captured(options: Partial<LoggerOptions>) {
  const stream = new PassThrough({ encoding: "utf8" });
  const log = createLogger({ level: "debug", format: "json", stream, now, ...options });
  return { log, text: () => (stream.read() as string | null) ?? "" };
}

test("a JSON line has time, level and message first, then the fields", () => {
  const { log, text } = captured({});
  log.child({ gateway: "a/b" }).info("ready", { port: 8000, absent: undefined });
  assert.equal(
    text(),
    '{"timestamp":"2026-01-02T03:04:05.678Z","level":"info","message":"ready","gateway":"a/b","port":8000}\n',
  );
});

test("less urgent levels are not written", () => {
  const { log, text } = captured({ level: "warn" });
  log.debug("no");
  log.info("no");
  log.warn("yes");
  log.error("yes");
  const levels = text()
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { level: string }).level);
  assert.deepEqual(levels, ["warn", "error"]);
});

test("what is adjusted holds for children too, and what is not said again is as at first", () => {
  const { log, text } = captured({ level: "info" });
  const child = log.child({ a: 1 });
  log.adjust({ level: "error", format: "text" });
  assert.equal(child.isEnabled?.("info"), false);
  child.warn("no");
  child.error("yes");
  assert.equal(text(), "03:04:05.678 ERROR yes a=1\n");
  log.adjust({});
  assert.equal(child.isEnabled?.("info"), true);
  child.info("again");
  assert.match(text(), /^\{.*"message":"again","a":1\}\n$/);
});

test("in text each problem is a line below, in JSON all are one list", () => {
  const problems = ['a.yaml:3 spec.port: "x" is not a number', "b.yaml:1: no kind"];
  const asText = captured({ format: "text" });
  asText.log.error("files not applied", { problems, more: 2 });
  assert.equal(
    asText.text(),
    '03:04:05.678 ERROR files not applied more=2\n    a.yaml:3 spec.port: "x" is not a number\n    b.yaml:1: no kind\n',
  );
  const asJson = captured({ format: "json" });
  asJson.log.error("files not applied", { problems });
  assert.deepEqual((JSON.parse(asJson.text()) as { problems: unknown }).problems, problems);
});

test("children do not touch their parent, and the nearest field wins", () => {
  const { log, text } = captured({});
  const child = log.child({ a: 1, b: 1 }).child({ b: 2 });
  child.info("m", { c: 3 });
  log.info("m");
  const [first, second] = text().trimEnd().split("\n");
  assert.match(first!, /"a":1,"b":2,"c":3\}$/);
  assert.match(second!, /"message":"m"\}$/);
});

test("an error keeps its stack, code and causes", () => {
  const { log, text } = captured({});
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  log.error("failed", { error: new Error("outer", { cause }) });
  const { error } = JSON.parse(text()) as { error: { message: string; stack: string; cause: Record<string, string> } };
  assert.equal(error.message, "outer");
  assert.match(error.stack, /logger\.test\.ts/);
  assert.equal(error.cause.message, "refused");
  assert.equal(error.cause.code, "ECONNREFUSED");
});

test("a field cannot overwrite the message, and what JSON cannot carry does not throw", () => {
  const { log, text } = captured({});
  log.info("kept", { message: "other", level: "loud", size: 5n });
  const entry = JSON.parse(text()) as Record<string, string>;
  assert.equal(entry.message, "kept");
  assert.equal(entry.message_, "other");
  assert.equal(entry.level_, "loud");
  assert.equal(entry.size, "5");
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  log.info("said", { cycle });
  const said = JSON.parse(text()) as Record<string, string>;
  assert.equal(said.message, "said");
  assert.match(said.unprintable!, /circular/);
});

test("the text format is one readable line, with a stack below", () => {
  const { log, text } = captured({ format: "text" });
  log.warn("port taken", { port: 8000, why: "in use", by: "nginx" });
  assert.equal(text(), '03:04:05.678 WARN  port taken port=8000 why="in use" by=nginx\n');
  log.error("failed", { error: new Error("boom") });
  const [first, ...stack] = text().trimEnd().split("\n");
  assert.equal(first, '03:04:05.678 ERROR failed error="boom"');
  assert.ok(stack.length > 1 && stack.every((line) => line.startsWith("    ")));
});
