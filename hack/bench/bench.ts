/**
 * `npm run bench`: this project's proxy beside others, in one interleaved run. Prints tables, and writes rows and the page.
 * Owns the order of things and the exit code; knows no contender and no scenario by name.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MissingPrerequisite } from "../image/environment.ts";
import type { Contender } from "./contenders/contender.ts";
import { contendersFor } from "./contenders/list.ts";
import { descriptorLimit, leaveProxyCore, takePrecedence } from "./measure/cores.ts";
import { openLaboratory, type Pace } from "./measure/laboratory.ts";
import { Patience } from "./measure/patience.ts";
import { BadUsage, type BenchOptions, parseOptions, USAGE } from "./options.ts";
import { progressLines } from "./progress.ts";
import { beforeTable, compare, comparisonTable } from "./report/comparisons.ts";
import { machineAndCheckout } from "./report/machine.ts";
import { performancePage } from "./report/page.ts";
import { asText, tablesOf } from "./report/table.ts";
import { Collection, type Results } from "./results.ts";
import { runBench } from "./runner.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";

const PACE: Pace = { settleMs: 8000, windowMs: 1300, warmUpMs: 250, idleConnections: 5000 };
const QUICK_PACE: Pace = { settleMs: 1500, windowMs: 500, warmUpMs: 150, idleConnections: 2000 };
/** What a proxy with so many idle connections holds open at the least, with room for itself. */
const DESCRIPTORS_NEEDED = 2 * PACE.idleConnections + 1000;

async function main(args: readonly string[], stop: AbortSignal): Promise<number> {
  const options = parseOptions(args);
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  const say = progressLines();
  if (descriptorLimit() < DESCRIPTORS_NEEDED) {
    throw new MissingPrerequisite(`${DESCRIPTORS_NEEDED} descriptors for each process (ulimit -Hn) are needed`);
  }
  const { contenders, gaps } = contendersFor(options.contenders, options, say);
  for (const { contender, why } of gaps) say(`${contender} is left out: ${why}`);
  leaveProxyCore();
  if (options.precedence) takePrecedence();

  const collection = new Collection();
  for (const gap of gaps) collection.addGap(gap);
  const pace = options.quick ? QUICK_PACE : PACE;
  const laboratory = await openLaboratory(pace);
  try {
    const { scenarios, rounds } = options;
    const direct = options.contenders.includes("direct");
    const plan = { contenders, direct, scenarios, rounds, retries: 2, rest: options.precedence };
    const patience = new Patience(options.patienceSeconds);
    await runBench({ laboratory, plan, collection, patience, stop, progress: say });
  } finally {
    laboratory.close();
  }
  say(stop.aborted ? "interrupted" : "done");
  return report(options, pace, contenders, collection.results(), stop.aborted);
}

function report(
  options: BenchOptions,
  pace: Pace,
  contenders: readonly Contender[],
  results: Results,
  interrupted: boolean,
): number {
  const { scenarios, rounds } = options;
  for (const table of tablesOf(scenarios, results)) console.log(`\n${asText(table)}`);
  console.log(`\n${asText(comparisonTable(compare(results.rows)))}`);
  if (options.before !== undefined) console.log(`\n${asText(beforeTable(results.rows))}`);
  const { samples, of } = results.disturbed;
  if (samples > 0) console.log(`\n${samples} of ${of} samples were disturbed by other programs.`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results.rows, null, 1)}\n`);
  if (options.report !== undefined) {
    const before = existsSync(options.report) ? readFileSync(options.report, "utf8") : undefined;
    const leftOut = SCENARIOS.filter((scenario) => !scenarios.includes(scenario));
    const run = {
      date: new Date(),
      machine: machineAndCheckout(dirname(options.program)),
      contenders,
      scenarios,
      leftOut,
      rounds,
      pace,
      precedence: options.precedence,
      interrupted,
    };
    writeFileSync(options.report, performancePage(run, results, before));
    console.log(`\n${options.report} is written`);
  }
  return results.rows.length > 0 ? 0 : 1;
}

/** The first signal ends the run with what has been measured; the second ends the program. */
function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => (controller.signal.aborted ? process.exit(1) : controller.abort());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  return controller.signal;
}

try {
  process.exitCode = await main(process.argv.slice(2), untilInterrupted());
} catch (error) {
  if (!(error instanceof MissingPrerequisite || error instanceof BadUsage)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}
