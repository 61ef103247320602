import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogFields, Logger } from "../model/log.ts";
import { bridgePepr } from "./pepr.ts";

/** Lines as `level message fields`, in order. */
function recorder(): { log: Logger; lines: { level: string; message: string; fields: LogFields }[] } {
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const make = (bound: LogFields): Logger => {
    const at = (level: string) => (message: string, fields?: LogFields) =>
      void lines.push({ level, message, fields: { ...bound, ...fields } });
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return { log: make({}), lines };
}

test("Pepr's own logger and its children, even older ones, speak through ours", async () => {
  const { Log } = await import("pepr");
  const older = Log.child({ alias: "older" });
  const { log, lines } = recorder();
  bridgePepr(Log, log);
  Log.info("narration");
  Log.warn({ port: 1 }, "careful");
  older.error(new Error("broken"), "failed");
  Log.child({ alias: "younger" }).fatal("gone");
  assert.deepEqual(
    lines.map(({ level, message, fields }) => [level, message, fields.logger, fields.alias]),
    [
      ["warn", "careful", "pepr", undefined],
      ["error", "failed", "pepr", "older"],
      ["error", "gone", "pepr", "younger"],
    ],
  );
  assert.equal(lines[0]?.fields.port, 1);
  assert.match((lines[1]!.fields.err as { stack: string }).stack, /pepr\.test\.ts/);
});

test("with verbose, Pepr's narration comes as debug", async () => {
  const { Log } = await import("pepr");
  const { log, lines } = recorder();
  bridgePepr(Log, log, { verbose: true });
  Log.info("narration");
  Log.debug("too much");
  assert.deepEqual(
    lines.map(({ level, message }) => [level, message]),
    [["debug", "narration"]],
  );
});

test("a logger that is not pino is refused", () => {
  assert.throws(() => bridgePepr({ level: "info" }, recorder().log), /no pino destination/);
});
