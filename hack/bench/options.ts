/** The command line of the bench. Pure; throws BadUsage with a line that says what is wanted. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { BEFORE, type ContenderName, WITHOUT_BEFORE } from "./contenders/contender.ts";
import { OWN_PROGRAM } from "./contenders/fsm-command.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { QUICK_SCENARIOS, SCENARIOS } from "./scenarios/scenarios.ts";

export class BadUsage extends Error {
  override readonly name = "BadUsage";
}

export interface BenchOptions {
  readonly contenders: readonly ContenderName[];
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  readonly quick: boolean;
  /** Before other programs in the scheduler, with a rest after each sample that lets them on. */
  readonly precedence: boolean;
  /** How long the whole run may wait for other programs to leave the machine alone. */
  readonly patienceSeconds: number;
  /** The `fsm-gateway` to measure, of this checkout or another. */
  readonly program: string;
  /** Another checkout's, measured beside it in each round; undefined: none. */
  readonly before: string | undefined;
  /** Where rows go. */
  readonly json: string | undefined;
  /** Where the page goes; undefined: nowhere. */
  readonly report: string | undefined;
}

export const USAGE = `npm run bench [-- OPTIONS]

  --quick              two short rounds of the scenarios with few routes: below three minutes, and rough
  --only NAME,…        contenders: ${WITHOUT_BEFORE.join(", ")}
  --scenario NAME,…    ${SCENARIOS.map(({ id }) => id).join(", ")}
  --rounds N           rounds (5; with --quick 2)
  --patience SECONDS   how long the whole run may wait for a quiet machine (120; with --quick 0)
  --precedence         on a machine that others use: run before them, and rest after each sample (needs root)
  --program FILE       the fsm-gateway to measure, such as another checkout's bin/fsm-gateway
  --before FILE        another checkout's, measured in each round beside fsm-portable and fsm-linux, with ratios
  --json FILE          write rows {metric, unit, contender, median, min, max, samples, failed}
  --report FILE        write the page (docs/performance.md after a run of everything; otherwise only if this is given)

Exit codes: 0 measured, 1 nothing could be measured, 2 something is missing or misspelt.`;

export const DEFAULT_REPORT = "docs/performance.md";
const ROUNDS = 5;
const QUICK_ROUNDS = 2;
const PATIENCE_SECONDS = 120;

export function parseOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const quick = values.quick ?? false;
  const everything =
    !quick && values.only === undefined && values.scenario === undefined && values.before === undefined;
  const known = quick && values.scenario === undefined ? QUICK_SCENARIOS : SCENARIOS;
  return {
    contenders: withBefore(
      chosen(values.only, WITHOUT_BEFORE, (name) => name, "contender"),
      values.before,
    ),
    scenarios: chosen(values.scenario, known, ({ id }) => id, "scenario"),
    rounds: wholeNumber("rounds", values.rounds, quick ? QUICK_ROUNDS : ROUNDS, [1, 100]),
    quick,
    precedence: values.precedence ?? false,
    patienceSeconds: wholeNumber("patience", values.patience, quick ? 0 : PATIENCE_SECONDS, [0, 3600]),
    program: resolve(values.program ?? OWN_PROGRAM),
    before: values.before === undefined ? undefined : resolve(values.before),
    json: values.json,
    report: values.report ?? (everything ? DEFAULT_REPORT : undefined),
  };
}

function withBefore(contenders: readonly ContenderName[], before: string | undefined): readonly ContenderName[] {
  if (before === undefined) return contenders;
  const others = Object.entries(BEFORE).flatMap(([name, other]) =>
    contenders.some((each) => each === name) ? [other] : [],
  );
  if (others.length === 0) throw new BadUsage(`--before needs one of the contenders ${Object.keys(BEFORE).join(", ")}`);
  return [...contenders, ...others];
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        only: { type: "string" },
        scenario: { type: "string" },
        rounds: { type: "string" },
        patience: { type: "string" },
        precedence: { type: "boolean" },
        program: { type: "string" },
        before: { type: "string" },
        json: { type: "string" },
        report: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
}

/** In the order of `known`, whatever the order asked for. */
function chosen<Item>(
  given: string | undefined,
  known: readonly Item[],
  nameOf: (item: Item) => string,
  what: string,
): readonly Item[] {
  if (given === undefined) return known;
  const names = given.split(",").filter((name) => name !== "");
  for (const name of names) {
    if (!known.some((item) => nameOf(item) === name)) {
      throw new BadUsage(`"${name}" is no ${what}; there are ${known.map(nameOf).join(", ")}`);
    }
  }
  return known.filter((item) => names.includes(nameOf(item)));
}

function wholeNumber(
  option: string,
  given: string | undefined,
  otherwise: number,
  [least, most]: readonly [number, number],
): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new BadUsage(`--${option} ${given}: ${least} to ${most} are possible`);
}
