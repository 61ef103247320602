/** The faults, one after the other. Runs in the network outside of the cluster; run.ts starts it there. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CHECKOUT } from "../e2e/deploy.ts";
import { testCluster } from "../support/cluster.ts";
import { CLUSTER_NAME } from "./api-server.ts";
import { converged } from "./converge.ts";
import type { Fault } from "./fault.ts";
import { FAULTS } from "./faults.ts";
import { missed, type Row } from "./judge.ts";
import { startLoad } from "./load.ts";
import { writtenSince } from "./look.ts";
import { readOptions } from "./options.ts";
import { type Results, tableOf, withTable } from "./table.ts";
import { HOSTS, LONG_CONNECTIONS, PORT, setUpWorld, type World } from "./world.ts";

const SHORT_PER_SECOND = 10;
/** Of calm before the fault. */
const BEFORE_MS = 1_000;

const RESULTS = join(import.meta.dirname, "results.json");

/** The last results with these in the place of older ones of the same faults. */
function merged(rows: readonly Row[]): readonly Row[] {
  const before: readonly Row[] = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, "utf8")) as Results).rows : [];
  const all = new Map([...before, ...rows].map((row) => [row.fault, row]));
  return FAULTS.flatMap(({ name }) => all.get(name) ?? []);
}

async function suffer(world: World, fault: Fault): Promise<Row> {
  const short = { serverName: HOSTS.short, perSecond: SHORT_PER_SECOND };
  const long = { serverName: HOSTS.long, connections: LONG_CONNECTIONS };
  const load = await startLoad({ address: world.address, port: PORT, ca: world.ca, short, long });
  try {
    await sleep(BEFORE_MS);
    const outcome = await fault.run(world);
    const convergedAfterMs = await converged(world);
    const written = outcome.unwritten === undefined ? [] : await writtenSince(world, outcome.unwritten);
    const account = await load.stop();
    return {
      fault: fault.name,
      title: fault.title,
      cuts: fault.cuts,
      connections: account.answered + account.failures.length,
      failed: account.failures.length,
      longestGapMs: account.longestGap.ms,
      longOpened: account.long.opened,
      longEnded: account.long.ended.length,
      convergedAfterMs,
      facts: { ...outcome.facts, ...(outcome.unwritten && { "objects written": String(written.length) }) },
      missed: [
        ...missed(outcome, account, convergedAfterMs),
        ...(written.length > 0 ? [`written without a need: ${written.join(", ")}`] : []),
      ],
    };
  } finally {
    await load.stop().catch(() => undefined);
  }
}

const options = readOptions(
  process.argv.slice(2),
  FAULTS.map(({ name }) => name),
);
const isChosen = ({ name, isQuick }: Fault) =>
  options.only.length > 0 ? options.only.includes(name) : isQuick || !options.quick;

const world = await setUpWorld(testCluster(CLUSTER_NAME));
await converged(world);
const { gitVersion } = JSON.parse(await world.cluster.kubectlOrThrow(["get", "--raw", "/version"]));
const made = { day: new Date().toISOString().slice(0, 10), kubernetes: gitVersion, cores: cpus().length };
const rows: Row[] = [];

function keep(): void {
  const json = (all: readonly Row[]) => `${JSON.stringify({ made, rows: all } satisfies Results, null, 2)}\n`;
  if (options.json !== undefined) writeFileSync(options.json, json(rows));
  if (!options.docs) return;
  const all = merged(rows);
  const page = join(CHECKOUT, "docs/chaos.md");
  writeFileSync(page, withTable(readFileSync(page, "utf8"), tableOf({ made, rows: all })));
  writeFileSync(RESULTS, json(all));
}

const failures: string[] = [];
for (const fault of FAULTS.filter(isChosen)) {
  const startedMs = performance.now();
  try {
    const row = await suffer(world, fault);
    rows.push(row);
    // After each: whoever breaks off keeps what was measured.
    keep();
    failures.push(...row.missed.map((sentence) => `${fault.name}: ${sentence}`));
    console.log(`${row.missed.length === 0 ? "ok    " : "MISSED"} ${fault.name}: ${JSON.stringify(row)}`);
  } catch (error) {
    failures.push(`${fault.name}: ${error instanceof Error ? error.message : String(error)}`);
    console.error(`FAILED ${fault.name}:`, error);
    // The next one begins on a sound cluster or says why there is none.
    await converged(world);
  }
  console.log(`       ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
}
console.log(`\n${tableOf({ made, rows })}`);
for (const failure of failures) console.error(`missed: ${failure}`);
world.client.close();
process.exit(failures.length > 0 ? 1 : 0);
