/**
 * `npm run bench:control`: the control plane's own figures on the test cluster, a fresh one for each scenario. Prints tables, and
 * writes rows and the page. Owns the order of things and the exit code.
 */

import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { CHECKOUT, deployedCluster } from "../../test/e2e/deploy.ts";
import type { Cluster } from "../../test/support/cluster.ts";
import { progressLines } from "../bench/progress.ts";
import { machineAndCheckout } from "../bench/report/machine.ts";
import { asText, number } from "../bench/report/table.ts";
import { APP, backendsPod, gateway, namespace } from "./objects.ts";
import { BadUsage, type ControlBenchOptions, parseOptions, USAGE } from "./options.ts";
import { controlPage, type Outcome } from "./page.ts";
import { type Row, rowOf } from "./rows.ts";
import type { Figure, Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, process.env);
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  const say = progressLines();
  const machine = machineAndCheckout(CHECKOUT);
  const rows: Row[] = [];
  let isBad = false;
  for (const scenario of options.scenarios) {
    say(`${scenario.id}: a fresh cluster`);
    const { outcome, kubernetes } = await outcomeOf(scenario, options, say);
    console.log(`\n${asText(table(outcome))}`);
    rows.push(...outcome.rows);
    isBad ||= outcome.failure !== undefined || outcome.rows.some(({ missed }) => missed);
    // After each: a run that is interrupted has not been for nothing.
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(rows, null, 1)}\n`);
    if (options.report === undefined) continue;
    const before = existsSync(options.report) ? readFileSync(options.report, "utf8") : undefined;
    const run = { date: new Date(), machine, kubernetes, quick: options.quick, load: loadavg()[0] ?? 0 };
    const order = SCENARIOS.map(({ id }) => id);
    writeFileSync(options.report, controlPage(run, [outcome], order, before));
  }
  return isBad ? 1 : 0;
}

async function outcomeOf(
  scenario: Scenario,
  { cluster: name, quick }: ControlBenchOptions,
  say: (what: string) => void,
): Promise<{ readonly outcome: Outcome; readonly kubernetes: string }> {
  const cluster = await deployedCluster(name);
  try {
    const kubernetes = await versionOf(cluster);
    await prepare(cluster);
    say(`${scenario.id}: ${scenario.title}`);
    try {
      const figures = await measure(cluster, name, scenario, quick);
      return { outcome: { scenario, rows: figures.map((figure) => rowOf(scenario.id, figure)) }, kubernetes };
    } catch (error) {
      // The others are worth having; that this one is missing is told, and fails the run.
      const failure = error instanceof Error ? error.message : String(error);
      return { outcome: { scenario, rows: [], failure }, kubernetes };
    }
  } finally {
    await cluster.down();
  }
}

/** The Gateway, and two Pods of backends. */
async function prepare(cluster: Cluster): Promise<void> {
  await cluster.apply(JSON.stringify(namespace(APP)));
  const script = join(import.meta.dirname, "backends.mjs");
  await cluster.kubectlOrThrow(["-n", APP, "create", "configmap", "backends", `--from-file=${script}`]);
  const items = [backendsPod("backends-0"), backendsPod("backends-1"), gateway(APP, "gw")];
  await cluster.apply(JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const ready = ["wait", "--for=condition=Ready", "pod/backends-0", "pod/backends-1", "--timeout=55s"];
  await cluster.kubectlOrThrow(["-n", APP, ...ready]);
}

async function measure(cluster: Cluster, name: string, { id }: Scenario, quick: boolean): Promise<readonly Figure[]> {
  const driver = join(import.meta.dirname, "driver.ts");
  const child = cluster.startOutside([process.execPath, driver, name, id, quick ? "quick" : "full"]);
  child.stdin.end();
  child.stderr.pipe(process.stderr, { end: false });
  const [[code], output] = await Promise.all([once(child, "close"), text(child.stdout)]);
  if (code !== 0) throw new Error(`the driver ended with ${code}`);
  return JSON.parse(output);
}

async function versionOf(cluster: Cluster): Promise<string> {
  const { gitVersion } = JSON.parse(await cluster.kubectlOrThrow(["get", "--raw", "/version"]));
  return String(gitVersion);
}

function table({ scenario, rows, failure }: Outcome) {
  return {
    title: `${scenario.id}: ${scenario.title}`,
    header: ["", "unit", "p50", "p99", "min", "max", "samples", "goal"],
    lines: rows.map((row) => lineOf(scenario.id, row)),
    notes: failure === undefined ? [] : [`failed: ${failure}`],
  };
}

function lineOf(scenario: string, { metric, unit, median, p99, min, max, samples, goal, missed }: Row) {
  const judged = goal === undefined ? "" : `${goal} ${missed ? "MISSED" : "met"}`;
  return [metric.slice(scenario.length + 1), unit, ...[median, p99, min, max].map(number), String(samples), judged];
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BadUsage)) throw error;
  console.error(`bench:control: ${error.message}`);
  process.exitCode = 2;
}
