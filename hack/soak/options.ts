/** The command line of the soak. Pure; throws BadUsage with a line that says what is wanted. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type EngineName, OWN_PROGRAM } from "../bench/contenders/fsm-command.ts";
import { BadUsage } from "../bench/options.ts";

const SCENARIOS = ["mixed", "idle", "slow-hellos"] as const;
export type SoakScenario = (typeof SCENARIOS)[number];

export interface SoakOptions {
  readonly scenario: SoakScenario;
  readonly engine: EngineName;
  readonly minutes: number;
  /** Connections a second of the mixture. */
  readonly rate: number;
  /** Of the crowd that stands idle or sends slow hellos. */
  readonly crowd: number;
  readonly rounds: number;
  /** Before other programs in the scheduler. */
  readonly precedence: boolean;
  readonly program: string;
  /** Where all samples go. */
  readonly json: string | undefined;
}

export const USAGE = `npm run soak [-- OPTIONS]

  --scenario NAME   mixed (default): all that clients and backends do, for long, with reloads
                    idle, slow-hellos: how a crowd of connections changes what others see
  --engine NAME     linux (default), portable
  --minutes N       how long the mixture lasts (30)
  --rate N          connections a second of the mixture (60)
  --crowd N         connections of the crowd (9000; slow-hellos: 4000, since a proxy holds 5000 without a route)
  --rounds N        windows with the crowd, each beside one without it (5)
  --precedence      run before the other programs of a machine that is shared (needs root)
  --program FILE    the fsm-gateway to soak, such as another checkout's bin/fsm-gateway
  --json FILE       write all samples

Exit codes: 0 all went as it should, 1 something did not, 2 something is missing or misspelt.`;

export function parseSoakOptions(args: readonly string[]): SoakOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  return {
    scenario: oneOf("scenario", values.scenario ?? "mixed", SCENARIOS),
    engine: oneOf("engine", values.engine ?? "linux", ["linux", "portable"]),
    minutes: numberIn("minutes", values.minutes ?? "30", [0.1, 200]),
    rate: numberIn("rate", values.rate ?? "60", [1, 1_000]),
    crowd: numberIn("crowd", values.crowd ?? (values.scenario === "slow-hellos" ? "4000" : "9000"), [1, 9_500]),
    rounds: numberIn("rounds", values.rounds ?? "5", [1, 20]),
    precedence: values.precedence ?? false,
    program: resolve(values.program ?? OWN_PROGRAM),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    const text = { type: "string" } as const;
    return parseArgs({
      args: [...args],
      options: {
        scenario: text,
        engine: text,
        minutes: text,
        rate: text,
        crowd: text,
        rounds: text,
        program: text,
        json: text,
        precedence: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<Name extends string>(option: string, given: string, known: readonly Name[]): Name {
  const found = known.find((name) => name === given);
  if (found === undefined) throw new BadUsage(`--${option} ${given}: there are ${known.join(", ")}`);
  return found;
}

function numberIn(option: string, given: string, [least, most]: readonly [number, number]): number {
  const value = Number(given);
  if (value >= least && value <= most) return value;
  throw new BadUsage(`--${option} ${given}: ${least} to ${most} are possible`);
}
