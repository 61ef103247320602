import assert from "node:assert/strict";
import { test } from "node:test";
import { BadUsage } from "../bench/options.ts";
import { parseSoakOptions } from "./options.ts";

const parsed = (...args: string[]) => {
  const options = parseSoakOptions(args);
  assert.ok(options !== "help");
  return options;
};

test("without options it is half an hour of the mixture on the linux engine", () => {
  const { scenario, engine, minutes } = parsed();
  assert.deepEqual({ scenario, engine, minutes }, { scenario: "mixed", engine: "linux", minutes: 30 });
});

test("what is misspelt or out of range is refused with what is possible", () => {
  assert.throws(() => parsed("--engine", "warp"), /there are linux, portable/);
  assert.throws(() => parsed("--minutes", "0"), /0.1 to 200 are possible/);
  assert.throws(() => parsed("--crowd", "many"), /1 to 9500 are possible/);
  assert.throws(() => parsed("--fast"), BadUsage);
});
