/** The command line of the bench of the control plane. Pure; throws BadUsage with a line that says what is wanted. */
import { parseArgs } from "node:util";
import type { Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";

export class BadUsage extends Error {
  override readonly name = "BadUsage";
}

export interface ControlBenchOptions {
  readonly scenarios: readonly Scenario[];
  readonly quick: boolean;
  readonly json: string | undefined;
  /** Where the page goes; undefined: nowhere. */
  readonly report: string | undefined;
  /** Of the cluster that is made for it. */
  readonly cluster: string;
}

export const USAGE = `npm run bench:control [-- OPTIONS]

  --quick            a tenth of everything, to see that it works
  --only NAME,…      ${SCENARIOS.map(({ id }) => id).join(", ")}
  --json FILE        write rows {metric, unit, median, p99, min, max, samples, goal, missed}
  --report FILE      write the page (docs/control-performance.md after a run of everything; otherwise only if this is given)

CLUSTER_NAME names the cluster (fsm-control). Exit codes: 0 every goal was met, 1 one was missed, 2 something is misspelt.`;

export const DEFAULT_REPORT = "docs/control-performance.md";

export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ControlBenchOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const quick = values.quick ?? false;
  const everything = !quick && values.only === undefined;
  return {
    scenarios: values.only === undefined ? SCENARIOS : chosen(values.only),
    quick,
    json: values.json,
    report: values.report ?? (everything ? DEFAULT_REPORT : undefined),
    cluster: environment.CLUSTER_NAME || "fsm-control",
  };
}

function parse(args: readonly string[]) {
  try {
    const options = {
      quick: { type: "boolean" },
      only: { type: "string" },
      json: { type: "string" },
      report: { type: "string" },
      help: { type: "boolean", short: "h" },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
}

function chosen(given: string): readonly Scenario[] {
  const names = given.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => !SCENARIOS.some(({ id }) => id === name));
  if (unknown !== undefined) {
    throw new BadUsage(`"${unknown}" is no scenario; there are ${SCENARIOS.map(({ id }) => id).join(", ")}`);
  }
  return SCENARIOS.filter(({ id }) => names.includes(id));
}
