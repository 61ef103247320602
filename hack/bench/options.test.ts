import assert from "node:assert/strict";
import { test } from "node:test";
import { BadUsage, DEFAULT_REPORT, parseOptions } from "./options.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";

function parsed(...args: string[]) {
  const options = parseOptions(args);
  assert.notEqual(options, "help");
  return options as Exclude<typeof options, "help">;
}

test("without options everything is measured, five times, and the page is written", () => {
  const { scenarios, rounds, report } = parsed();
  assert.equal(scenarios.length, SCENARIOS.length);
  assert.equal(rounds, 5);
  assert.equal(report, DEFAULT_REPORT);
});

test("a part of the bench does not overwrite the page unless told to", () => {
  assert.equal(parsed("--quick").report, undefined);
  assert.equal(parsed("--scenario", "connections").report, undefined);
  assert.equal(parsed("--only", "nginx", "--report", "x.md").report, "x.md");
});

test("what is asked for comes in the order of the bench, and what is unknown is named", () => {
  assert.deepEqual(parsed("--only", "nginx,haproxy").contenders, ["haproxy", "nginx"]);
  assert.deepEqual(
    parsed("--quick", "--scenario", "change-100000").scenarios.map(({ id }) => id),
    ["change-100000"],
  );
  assert.throws(() => parsed("--only", "nginx,apache"), /"apache" is no contender; there are direct, haproxy/);
  assert.throws(() => parsed("--rounds", "0"), BadUsage);
  assert.throws(() => parsed("--fast"), BadUsage);
});

test("another checkout's command is measured beside this one's, without the page", () => {
  const { contenders, before, report } = parsed("--only", "haproxy,fsm-linux", "--before", "/other/fsm-gateway");
  assert.deepEqual(contenders, ["haproxy", "fsm-linux", "fsm-linux-before"]);
  assert.equal(before, "/other/fsm-gateway");
  assert.equal(report, undefined);
  assert.equal(parsed("--before", "/other/fsm-gateway").report, undefined);
  assert.deepEqual(
    parsed().contenders.filter((name) => name.endsWith("-before")),
    [],
  );
  assert.throws(() => parsed("--only", "fsm-linux-before"), BadUsage);
  assert.throws(() => parsed("--only", "haproxy", "--before", "/other/fsm-gateway"), /--before needs one of/);
});
