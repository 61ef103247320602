/**
 * `npm run fuzz [-- --seconds N] [--runs N] [--seed N] [--target NAME] [--keep]`: gives every target new inputs until the time
 * is over or the number reached, whichever is first; the time is shared out evenly. `--keep` adds what reached something new
 * to `corpus/`. A finding is written to `findings/` and ends the run with 1; `--replay FILE` runs it again.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { keep, kept } from "./corpus-file.ts";
import { Coverage } from "./coverage.ts";
import { type Finding, Fuzzer } from "./fuzzer.ts";
import { hashOf } from "./random.ts";
import type { FuzzTarget } from "./target.ts";

const FINDINGS_FOLDER = join(import.meta.dirname, "findings");

/** The code whose branches guide: the parsers, not what checks them. */
const GUIDING = /[/\\]src[/\\]proxy[/\\](tls|proxy-protocol)[/\\][^/\\]*(?<!\.test)\.ts$|[/\\]dns-name\.ts$/;

/** Between looks at the clock. */
const STEPS_A_TURN = 500;

/** What the heap may have grown by at the end, corpus and machine code included, before it is a finding. */
const MAX_HEAP_GROWTH_BYTES = 8 * 1024 * 1024;

const LOOKS_AT_MEMORY = 5;

/** Machine code and caches have settled by then: growth is counted from there. */
const WARM_UP_RUNS = 100_000;

const options = commandLine();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const coverage = new Coverage();
coverage.instrument((file) => GUIDING.test(file));
// Loaded only now, so that their modules are counted.
const { TARGETS } = await import("./targets.ts");
const chosen = TARGETS.filter(({ name }) => options.target === undefined || name === options.target);
if (chosen.length === 0)
  fail(`--target: no such target: ${options.target}; there are ${TARGETS.map(({ name }) => name).join(", ")}`);

function commandLine() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        runs: { type: "string", default: "Infinity" },
        seed: { type: "string", default: String(Date.now() % 0x7fffffff) },
        target: { type: "string" },
        keep: { type: "boolean", default: false },
        replay: { type: "string" },
      },
    });
    return values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function fail(problem: string): never {
  console.error(`fuzz: ${problem}`);
  process.exit(2);
}

function report(target: FuzzTarget, { input, error }: Finding): void {
  mkdirSync(FINDINGS_FOLDER, { recursive: true });
  const file = join(FINDINGS_FOLDER, `${target.name}-${(hashOf(input) >>> 0).toString(16)}.hex`);
  writeFileSync(file, `${Buffer.from(input).toString("hex")}\n`);
  console.error(`${target.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  console.error(`the input, ${input.length} bytes: ${file}\nagain: node test/fuzz/fuzz.ts --replay ${file}`);
  process.exitCode = 1;
}

interface Memory {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/**
 * What is reachable, or more: of several looks the least, because what one collection has freed may be swept only later, and
 * counts until then. A leak is in all of them.
 */
async function memory(): Promise<Memory> {
  let heapBytes = Number.POSITIVE_INFINITY;
  for (let look = 0; look < LOOKS_AT_MEMORY; look++) {
    collectGarbage();
    await nextTurn();
    const { heapUsed, external } = process.memoryUsage();
    heapBytes = Math.min(heapBytes, heapUsed + external);
  }
  return { heapBytes, rssBytes: process.memoryUsage.rss() };
}

async function fuzz(target: FuzzTarget, seconds: number, runs: number): Promise<void> {
  const fuzzer = new Fuzzer(target, coverage, [...target.seeds(), ...kept(target)], Number(options.seed));
  const known = fuzzer.corpusSize;
  let before: Memory | undefined;
  const startedAtMs = performance.now();
  while (fuzzer.finding === undefined && fuzzer.runs < runs && performance.now() - startedAtMs < seconds * 1_000) {
    for (let step = 0; step < STEPS_A_TURN && fuzzer.finding === undefined; step++) fuzzer.step();
    if (before === undefined && fuzzer.runs >= WARM_UP_RUNS) before = await memory();
  }
  const elapsed = (performance.now() - startedAtMs) / 1_000;
  if (fuzzer.finding !== undefined) {
    report(target, fuzzer.finding);
    return;
  }
  const after = await memory();
  const growth = before === undefined ? 0 : after.heapBytes - before.heapBytes;
  const mib = (bytes: number | undefined) => (bytes === undefined ? "?" : (bytes / 1024 / 1024).toFixed(1));
  console.log(
    `${target.name}: ${fuzzer.runs} inputs in ${elapsed.toFixed(1)} s, ${fuzzer.sitesReached} of ${coverage.sites} branches, ` +
      `${known} inputs known and ${fuzzer.found.length} new, heap ${mib(before?.heapBytes)} → ${mib(after.heapBytes)} MiB, ` +
      `RSS ${mib(before?.rssBytes)} → ${mib(after.rssBytes)} MiB, seed ${options.seed}`,
  );
  if (growth > MAX_HEAP_GROWTH_BYTES) {
    console.error(`${target.name}: the heap has grown by ${mib(growth)} MiB`);
    process.exitCode = 1;
  }
  if (options.keep) keep(target, fuzzer.found);
}

function replay(file: string): void {
  const target = chosen.find(({ name }) => basename(file).startsWith(`${name}-`)) ?? chosen[0];
  if (target === undefined) return;
  const input = Buffer.from(readFileSync(file, "latin1").trim(), "hex");
  const finding = new Fuzzer(target, coverage, [], 1).run(input);
  if (finding === undefined) console.log(`${target.name}: nothing is wrong with it`);
  else report(target, finding);
}

if (options.replay !== undefined) replay(options.replay);
else for (const target of chosen) await fuzz(target, Number(options.seconds) / chosen.length, Number(options.runs));
