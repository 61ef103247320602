import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes } from "../wire/hello-bytes.ts";
import { kept } from "./corpus-file.ts";
import { Coverage, OutOfFuel } from "./coverage.ts";
import { Fuzzer } from "./fuzzer.ts";
import { hashOf, Random } from "./random.ts";
import type { FuzzTarget } from "./target.ts";
import { TARGETS } from "./targets.ts";

const coverage = new Coverage();
coverage.instrument((file) => file.endsWith("planted.ts"));
const { planted, plantedLoop } = await import("./planted.ts");

const targetOf = (check: (input: Uint8Array) => void): FuzzTarget => ({
  name: "planted",
  seeds: () => [bytes("nothing special")],
  dictionary: [bytes("a word")],
  check,
});

/** How many runs until a finding, at most so many. */
function runsUntilFinding(check: (input: Uint8Array) => void, limit: number): Fuzzer {
  const target = targetOf(check);
  const fuzzer = new Fuzzer(target, coverage, target.seeds(), 7);
  while (fuzzer.finding === undefined && fuzzer.runs < limit) fuzzer.step();
  return fuzzer;
}

test("what the branches tell leads to a defect behind four bytes", () => {
  const fuzzer = runsUntilFinding(planted, 1_000_000);
  assert.match(String(fuzzer.finding?.error), /the planted defect/);
  assert.equal(Buffer.from(fuzzer.finding?.input.subarray(0, 4) ?? []).toString(), "FUZZ");
  assert.equal(fuzzer.found.length >= 3, true, "each byte on the way was something new");
  assert.equal(planted.toString().includes("__fuzzCount"), true);
});

test("an endless loop is a finding", () => {
  const fuzzer = runsUntilFinding(plantedLoop, 1_000_000);
  assert.ok(fuzzer.finding?.error instanceof OutOfFuel, String(fuzzer.finding?.error));
});

test("the same seed gives the same run", () => {
  const [one, other] = [runsUntilFinding(planted, 1_000_000), runsUntilFinding(planted, 1_000_000)];
  assert.equal(one.runs, other.runs);
});

for (const target of TARGETS) {
  test(`${target.name}: what was found once holds`, () => {
    const inputs = [...target.seeds(), ...kept(target)];
    assert.ok(kept(target).length > 0, "nothing was kept");
    for (const input of inputs) target.check(input, new Random(hashOf(input)));
  });
}
