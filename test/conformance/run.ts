/**
 * `npm run conformance [-- [--write] [--keep] FLAG…]`: Gateway API's conformance suite against what is checked out.
 *
 * Owns the order: programs, a cluster of its own with the gateway deployed from dist/, the suite as a client outside of it,
 * the report. Nothing is skipped and nothing retried: a failed test is a failure, and so is a report that does not say
 * what the committed one says.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../e2e/deploy.ts";
import { testCluster } from "../support/cluster.ts";
import { compareWithCommitted, writeCommitted } from "./committed.ts";
import { builtSuite, CLUSTER_NAME, conformanceCluster, saveLogs, supportedFeatures } from "./deployment.ts";
import { needsFeatures, suiteFlags } from "./options.ts";
import { runSuite } from "./suite.ts";

const USAGE = `Usage: npm run conformance [-- [option]... [suite flag]...]

Runs Gateway API's conformance suite on a cluster of its own and compares the report with the committed one in
docs/conformance/. dist/conformance/ has the report and the logs of the last run.

  --write   writes the report to docs/conformance/ instead of comparing it
  --keep    leaves the cluster up; CLUSTER_NAME=${CLUSTER_NAME} for the commands of hack/cluster

Every other flag goes to the suite, such as -run-test=TLSRouteSimpleSameNamespace or -debug. The report of such a run is
neither compared nor written.
`;

const OUTPUT = join(CHECKOUT, "dist/conformance");
const OWN_OPTIONS = ["--write", "--keep"];

async function main(argv: readonly string[]): Promise<number> {
  const flags = argv.filter((argument) => !OWN_OPTIONS.includes(argument));
  if (argv.includes("--write") && flags.length > 0) {
    console.error(`conformance: --write is for a whole run, without ${flags.join(" ")}`);
    return 2;
  }
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  try {
    if ((await runOnCluster(flags)) !== 0) return 1;
  } finally {
    if (!argv.includes("--keep")) await testCluster(CLUSTER_NAME).down();
  }
  if (flags.length > 0) return 0;
  const report = readFileSync(join(OUTPUT, "report.yaml"), "utf8");
  return argv.includes("--write") ? writeCommitted(report) : compareWithCommitted(report);
}

/** The suite's exit status. */
async function runOnCluster(flags: readonly string[]): Promise<number> {
  const started = performance.now();
  const suite = await builtSuite();
  const cluster = await conformanceCluster(suite);
  const features = needsFeatures(flags) ? [`-supported-features=${await supportedFeatures(cluster)}`] : [];
  console.log(`conformance: the cluster is ready after ${secondsSince(started)} s`);

  const start = performance.now();
  const all = [...suiteFlags(join(OUTPUT, "report.yaml")), ...features, ...flags];
  const { code, counts } = await runSuite(cluster.startOutside([suite.program, ...all]), join(OUTPUT, "suite.log"));
  await saveLogs(cluster, OUTPUT);
  const { PASS, FAIL, SKIP } = counts;
  console.log(`conformance: ${PASS} passed, ${FAIL} failed, ${SKIP} not run, in ${secondsSince(start)} s`);
  if (code !== 0) console.error(`conformance: the suite ended with status ${code}; all it said is in ${OUTPUT}`);
  return code;
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(0);
}

if (process.argv.includes("--help")) {
  process.stdout.write(USAGE);
} else {
  // Ctrl-C reaches the suite too, which ends: what follows is the way every run ends, the cluster included.
  process.on("SIGINT", () => {});
  process.exitCode = await main(process.argv.slice(2));
}
