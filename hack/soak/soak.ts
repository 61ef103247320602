/**
 * `npm run soak`: the proxy under everything at once for long, or under a crowd. Prints tables; owns the order of things and
 * the exit code.
 */
import { writeFileSync } from "node:fs";
import { buildGenerator, startBackends } from "../bench/load/generator.ts";
import { takePrecedence } from "../bench/measure/cores.ts";
import { BadUsage } from "../bench/options.ts";
import { MissingPrerequisite } from "../image/environment.ts";
import { isGoodCrowd, soakCrowd } from "./crowd.ts";
import { isGood, soakMixed } from "./mixed.ts";
import { parseSoakOptions, type SoakOptions, USAGE } from "./options.ts";
import { SoakedProxy } from "./proxy.ts";
import { crowdReport, mixedReport } from "./report.ts";
import { BACKEND_FLAGS } from "./world.ts";

const say = (what: string) => console.error(what);

async function main(args: readonly string[]): Promise<number> {
  const options = parseSoakOptions(args);
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  if (options.precedence) takePrecedence();
  const generator = buildGenerator();
  const backends = await startBackends(generator, ["soak-backends", ...BACKEND_FLAGS]);
  try {
    const proxy = await SoakedProxy.start(options.program, options.engine);
    let isStopped = false;
    try {
      const isEndured = await run(options, generator, proxy);
      isStopped = true;
      const endedInOrder = await proxy.stop();
      if (!endedInOrder) console.log("the proxy did not end in order");
      return isEndured && endedInOrder ? 0 : 1;
    } finally {
      if (!isStopped) await proxy.stop();
    }
  } finally {
    backends.stdin.end();
  }
}

/** Whether all went as it should. */
async function run(options: SoakOptions, generator: string, proxy: SoakedProxy): Promise<boolean> {
  const { scenario, crowd, json } = options;
  const keep = (result: unknown) => {
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ options, result }, null, 1)}\n`);
  };
  if (scenario === "mixed") {
    const result = await soakMixed(generator, proxy, options, say);
    keep(result);
    console.log(mixedReport(result));
    return isGood(result);
  }
  const result = await soakCrowd(generator, proxy, { ...options, mode: scenario }, say);
  keep(result);
  console.log(crowdReport(result));
  return isGoodCrowd(result, scenario, crowd);
}

// What it has started ends with it: the proxy at "exit", load and backends when their standard input does.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof MissingPrerequisite || error instanceof BadUsage)) throw error;
  console.error(`soak: ${error.message}`);
  process.exitCode = 2;
}
